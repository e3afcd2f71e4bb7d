"""Help, made from the bindings and the catalogue."""

from __future__ import annotations

from fundtui.imbalance.catalogue import CATALOGUE, Level
from fundtui.ui.cells import Scene
from fundtui.ui.keys import KEYS
from fundtui.ui.paint import fitted
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
    pens = scene.pens
    lines: list[PageLine] = [[("  fundtui", pens.bold("accent", "overlay")), ("   Esc closes", pens("dim", "overlay"))]]
    for group in dict.fromkeys(key.group for key in KEYS):
        lines += [[], [(f"  {group}", pens.bold("bright", "overlay"))]]
        for key in KEYS:
            if key.group == group:
                lines.append(
                    [(fitted(f"  {key.shown}", 14), pens("accent", "overlay")), (key.help, pens("plain", "overlay"))]
                )
    lines += [[], [("  Marks", pens.bold("bright", "overlay"))]]
    for mark, meaning in _MARKS:
        lines.append([(fitted(f"  {mark}", 14), pens("warning", "overlay")), (meaning, pens("plain", "overlay"))])
    for level in (Level.ASSET, Level.INSTRUMENT):
        lines += [[], [(f"  Metrics of one {level.value}", pens.bold("bright", "overlay"))]]
        for metric in CATALOGUE.get(level, ()):
            lines.append([
                (fitted(f"  {metric.key}", 18), pens("accent", "overlay")),
                (metric.help, pens("plain", "overlay")),
            ])  # fmt: skip
    return lines
