"""The configuration: its typed schema, how it is loaded, checked, shown, watched, and kept by the interface."""

from fundtui.config.files import create_private, locate
from fundtui.config.load import Inputs, Layer, Loaded, Origin, Watcher, changed, load, load_inputs
from fundtui.config.problems import ConfigError, Problem
from fundtui.config.schema import Settings

__all__ = [
    "ConfigError",
    "Inputs",
    "Layer",
    "Loaded",
    "Origin",
    "Problem",
    "Settings",
    "Watcher",
    "changed",
    "create_private",
    "load",
    "load_inputs",
    "locate",
]
