"""Help, made from the bindings and the catalogue."""

from __future__ import annotations

from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.ui.cells import Scene
from fundtui.ui.helptext import entry, headed, help_head, key_lines
from fundtui.ui.keys import KEYS
from fundtui.ui.pieces import spans
from fundtui.ui.screens.overlay import Overlay, PageLine

_MARKS = (
    ("C", "at the cap or the floor"),
    ("P", "pinned at the interest rate"),
    ("~", "late: older than three polls"),
    ("!", "quarantined: the price does not fit the asset"),
    ("?", "interval unknown, so left out of comparisons"),
)


class HelpScreen(Overlay):
    """Keys by group, marks, and every metric with its meaning."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, help_lines(scene))


def help_lines(scene: Scene) -> list[PageLine]:
    """The whole help text."""
    lines = [help_head("fundtui"), *key_lines(KEYS)]
    lines += headed("Marks", (entry(mark, meaning, "warning") for mark, meaning in _MARKS))
    for level in (Level.ASSET, Level.INSTRUMENT):
        metrics = (entry(metric.key, metric.help, room=16) for metric in CATALOGUE.get(level, ()))
        lines += headed(f"Metrics of one {level.value}", metrics)
    return [spans(scene.pens, line, "overlay") for line in lines]
