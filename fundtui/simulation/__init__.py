"""A seeded market whose venues answer in their real wire formats, in the same process: for the demo and for tests."""
