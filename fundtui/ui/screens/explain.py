"""Where a figure comes from: formula, numbers, inputs with their ages, and what was left out."""

from __future__ import annotations

from typing import Any

from fundtui.ui.cells import Scene
from fundtui.ui.paint import fitted
from fundtui.ui.screens.overlay import Overlay, PageLine


class ExplainScreen(Overlay):
    """One explanation."""

    def __init__(self, scene: Scene, explanation: Any) -> None:
        super().__init__(scene, explain_lines(scene, explanation))


def explain_lines(scene: Scene, explanation: Any) -> list[PageLine]:
    """The explanation as lines."""
    pens = scene.pens
    dim, plain = pens("dim", "overlay"), pens("plain", "overlay")
    lines: list[PageLine] = [
        [(f"  {explanation.title}", pens.bold("bright", "overlay")), ("   Esc closes", dim)],
        [],
        [(fitted("  value", 14), dim), (str(explanation.value), pens("accent", "overlay"))],
        [(fitted("  formula", 14), dim), (explanation.formula, plain)],
        [(fitted("  numbers", 14), dim), (explanation.substituted, plain)],
    ]
    if explanation.inputs:
        lines += [[], [("  from", pens.bold("bright", "overlay"))]]
        lines += [[(f"  {each}", plain)] for each in explanation.inputs]
    if explanation.exclusions:
        lines += [[], [("  left out", pens.bold("bright", "overlay"))]]
        lines += [[(f"  {each}", pens("warning", "overlay"))] for each in explanation.exclusions]
    return lines
