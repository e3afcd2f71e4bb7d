"""Where notices go. Each sink sends one message or says why not; retries are the courier's."""

from fundtui.alerts.sinks.build import Surroundings, build, build_all
from fundtui.alerts.sinks.sink import Refused, Sink, Trouble

__all__ = ["Refused", "Sink", "Surroundings", "Trouble", "build", "build_all"]
