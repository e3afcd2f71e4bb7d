"""What the table says while it has nothing to show: why, per venue, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fundtui.status import VenueHealth, VenueState
from fundtui.ui.cells import Scene
from fundtui.ui.paint import Span, fitted
from fundtui.ui.view import View


def empty_notice(scene: Scene, view: View, mode: str, health: Sequence[VenueHealth]) -> list[list[Span]]:
    """Lines for an empty table."""
    if view.shown_of:
        return [_line(scene, "nothing matches the filter"), [], _keys(scene, ("Esc", "drops it"))]
    if view.members is not None or view.extra is not None:
        return [_line(scene, "nothing in this watchlist right now"), [], _keys(scene, ("Tab", "next list"))]
    asked = [venue for venue in health if venue.state is not VenueState.OFF]
    troubled = [venue for venue in asked if math.isnan(venue.age_s) and venue.last_error]
    if len(troubled) < len(asked) or not asked:
        return [_line(scene, f"waiting for the first answers of {len(asked)} venues")]
    offer = [] if mode == "demo" else [_keys(scene, ("d", "starts the demo"), ("q", "leaves"))]
    lines = [_line(scene, "no venue can be reached", "warning"), *offer, []]
    for venue in troubled:
        name = (fitted(f"    {venue.venue}", 20), scene.pens("plain", "table"))
        lines.append([name, (str(venue.last_error), scene.pens("dim", "table"))])
    return lines


def _line(scene: Scene, text: str, role: str = "dim") -> list[Span]:
    return [(f"    {text}", scene.pens(role, "table"))]


def _keys(scene: Scene, *keys: tuple[str, str]) -> list[Span]:
    pens = scene.pens
    spans: list[Span] = [("    ", pens("dim", "table"))]
    for key, does in keys:
        spans += [(key, pens("accent", "table")), (f" {does}   ", pens("dim", "table"))]
    return spans
