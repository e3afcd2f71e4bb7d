"""Charts over time: what is drawn (`picture`), where (`axes`), with which dots (`raster`), and the widget (`plot`)."""
