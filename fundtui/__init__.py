"""fundtui: watch the funding-rate imbalances of perpetual futures from a terminal."""

__version__ = "0.1.0"
