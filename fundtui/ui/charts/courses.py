"""Pictures of an asset's past: rates by venue, one venue's rate against its theory, premiums, open interest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from fundtui.ui.charts.picture import Curve, Floats, Picture, Shape, broken, gap_of
from fundtui.units import HOURS_PER_YEAR, Basis, format_bp, format_money, format_rate, format_utc_date

if TYPE_CHECKING:
    from fundtui.courses import Past
    from fundtui.imbalance.course import Course

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
QUIET = ("plain", "dim")
HELD = 1.01


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be drawn: time range, the basis and lens of rates, which instrument is chosen, whether alone.

    shifts: what the lens takes from each instrument's hourly rate (0: nothing), in the order of the courses.
    """

    start_ms: int
    end_ms: int
    step_ms: int
    basis: Basis
    lens: str
    chosen: int = 0
    alone: bool = False
    shifts: Sequence[float] = ()

    def shift(self, place: int) -> float:
        """What the lens takes from a rate."""
        return self.shifts[place] if place < len(self.shifts) else 0.0


def names(past: Past) -> list[str]:
    """A name for each course: its venue, with the symbol where the venue has several."""
    venues = [one.venue for one in past.courses]
    return [one.venue if venues.count(one.venue) == 1 else f"{one.venue} {one.symbol}" for one in past.courses]


def letter(place: int) -> str:
    """The letter of an instrument."""
    return LETTERS[place % len(LETTERS)]


def rates(past: Past, wanted: Wanted) -> Picture:
    """A line per instrument: as published where that was observed, as settled before; the chosen one on top."""
    curves: list[Curve] = []
    for place, one in _ordered(past, wanted):
        chosen, shift = place == wanted.chosen, wanted.shift(place)
        role = "accent" if chosen else QUIET[place % len(QUIET)]
        seen = _observed(one, one.hourly - shift, wanted)
        first = one.time_ms[0] if len(one.time_ms) else math.inf
        paid = _paid(one, one.settled_hourly - shift, math.inf if chosen else float(first))
        if len(paid[0]):
            # One letter an instrument: that of what is newest.
            name = f"{names(past)[place]} settled" if len(seen[0]) else names(past)[place]
            mark = "" if len(seen[0]) else letter(place)
            curves.append(_curve(name, mark, "bright" if chosen and len(seen[0]) else role, paid, Shape.STEP))
        if len(seen[0]):
            curves.append(_curve(names(past)[place], letter(place), role, seen))
    return _picture(past, wanted, f"rate by venue, {_means(wanted)}", curves, _rate_label(wanted), _rate_scale(wanted))


def theory(past: Past, wanted: Wanted) -> Picture:
    """The chosen instrument: published, by the venue's own formula, and settled."""
    curves: list[Curve] = []
    title = "published against theory"
    if past.courses:
        one, shift = past.courses[wanted.chosen], wanted.shift(wanted.chosen)
        title = f"{names(past)[wanted.chosen]}: published against theory, {_means(wanted)}"
        for name, mark, role, points, shape in (
            ("settled", "s", "dim", _paid(one, one.settled_hourly - shift, math.inf), Shape.STEP),
            ("theory", "t", "bright", _observed(one, one.theory - shift, wanted), Shape.LINE),
            ("published", "p", "accent", _observed(one, one.hourly - shift, wanted), Shape.LINE),
        ):
            if np.isfinite(points[1]).any():
                curves.append(_curve(name, mark, role, points, shape))
    return _picture(past, wanted, title, curves, _rate_label(wanted), _rate_scale(wanted))


def premiums(past: Past, wanted: Wanted) -> Picture:
    """Premium by venue: as observed, before that as told with settlements where the venue tells it."""
    curves: list[Curve] = []
    for place, one in _ordered(past, wanted):
        role = "accent" if place == wanted.chosen else QUIET[place % len(QUIET)]
        seen = _observed(one, one.premium, wanted)
        known = np.flatnonzero(np.isfinite(one.premium))
        first = float(one.time_ms[known[0]]) if len(known) else math.inf
        paid = _paid(one, one.settled_premium, first)
        if np.isfinite(paid[1]).any():
            mark, kind = ("", " settled") if len(known) else (letter(place), "")
            curves.append(_curve(f"{names(past)[place]}{kind}", mark, role, paid, Shape.STEP))
        if len(known):
            curves.append(_curve(names(past)[place], letter(place), role, seen))
    return _picture(past, wanted, "premium by venue", curves, format_bp, 1e4)


def open_interest(past: Past, wanted: Wanted) -> Picture:
    """Open interest by venue in dollars, one side."""
    curves = []
    for place, one in _ordered(past, wanted):
        if np.isfinite(one.oi_usd).any():
            role = "accent" if place == wanted.chosen else QUIET[place % len(QUIET)]
            curves.append(_curve(names(past)[place], letter(place), role, _observed(one, one.oi_usd, wanted)))
    picture = _picture(past, wanted, "open interest by venue", curves, format_money, 1.0)
    return msgspec.structs.replace(picture, from_zero=not wanted.alone)


def empty(wanted: Wanted, text: str) -> Picture:
    """A chart that says why there is nothing on it."""
    return Picture(
        title="",
        curves=(),
        start_ms=float(wanted.start_ms),
        end_ms=float(wanted.end_ms),
        label=_rate_label(wanted),
        notice=text,
    )


def _ordered(past: Past, wanted: Wanted) -> list[tuple[int, Course]]:
    """Courses with their places, the chosen one last."""
    places = [place for place in range(len(past.courses)) if place != wanted.chosen and not wanted.alone]
    places += [wanted.chosen] if wanted.chosen < len(past.courses) else []
    return [(place, past.courses[place]) for place in places]


def _observed(one: Course, values: Floats, wanted: Wanted) -> tuple[Floats, Floats]:
    """What was observed, broken where nothing was for long."""
    times = one.time_ms.astype(np.float64)
    return broken(times, values, gap_of(times, wanted.step_ms))


def _paid(one: Course, values: Floats, before_ms: float) -> tuple[Floats, Floats]:
    """Settled values as steps over the intervals that they were paid for, broken where one is missing."""
    chosen = one.settled_from_ms < before_ms
    starts, ends, paid = one.settled_from_ms[chosen], one.settled_ms[chosen], values[chosen]
    if not len(starts):
        return np.empty(0), np.empty(0)
    # An end is told where the next one does not follow at once; one second is the rounding of instants.
    follows = np.append(starts[1:] - ends[:-1] <= (HELD - 1) * (ends - starts)[:-1] + 1000, False)
    times = np.column_stack((starts, ends)).astype(np.float64).ravel()
    steps = np.column_stack((paid, np.full(len(paid), np.nan))).ravel()
    kept = np.column_stack((np.ones(len(paid), np.bool_), ~follows)).ravel()
    return times[kept], steps[kept]


def _curve(
    name: str, mark: str, role: str, points: tuple[Floats, Floats], shape: Shape = Shape.LINE
) -> Curve:  # fmt: skip
    return Curve(name=name, letter=mark, role=role, time_ms=points[0], value=points[1], shape=shape)


def _means(wanted: Wanted) -> str:
    return f"{wanted.lens} {wanted.basis.value}" if wanted.lens != "raw" else wanted.basis.value.upper()


def _rate_scale(wanted: Wanted) -> float:
    """What hourly rates are multiplied by for round numbers on the scale."""
    return {Basis.APR: HOURS_PER_YEAR * 100, Basis.EIGHT_HOURS: 8e4, Basis.HOURLY: 1e4}[wanted.basis]


def _rate_label(wanted: Wanted) -> Callable[[float], str]:
    return partial(format_rate, basis=wanted.basis)


def _picture(
    past: Past, wanted: Wanted, title: str, curves: list[Curve], label: Callable[[float], str], scale: float
) -> Picture:
    known = [curve for curve in curves if _seen_within(curve, wanted)]
    return Picture(
        title=title, curves=tuple(known), start_ms=float(wanted.start_ms), end_ms=float(wanted.end_ms), label=label,
        scale=scale, notice="" if known else _nothing(past), note=_note(past, wanted, known),
    )  # fmt: skip


def _seen_within(curve: Curve, wanted: Wanted) -> bool:
    inside = (curve.time_ms >= wanted.start_ms) & (curve.time_ms <= wanted.end_ms)
    return bool((inside & np.isfinite(curve.value)).any())


def _nothing(past: Past) -> str:
    """Why there is nothing to draw."""
    if past.problem:
        return f"the record cannot be read: {past.problem}"
    if past.asking:
        return "no record yet: the venues are being asked for settled rates"
    if past.recorded:
        return "no record of this yet: it is kept from the first poll on"
    return "no record: what is seen from now on is drawn, and lost when fundtui ends"


def _note(past: Past, wanted: Wanted, curves: Sequence[Curve]) -> str:
    """From when on there is something, where that is clearly later than the range begins."""
    if past.problem:
        return f"the record cannot be read: {past.problem}"
    firsts = [float(curve.time_ms[np.flatnonzero(np.isfinite(curve.value))[0]]) for curve in curves]
    first = min(firsts, default=math.nan)
    asking = "settled rates are being asked for" if past.asking else ""
    if first - wanted.start_ms > 0.05 * (wanted.end_ms - wanted.start_ms):
        return f"begins {format_utc_date(int(first))[5:16]} UTC{'; ' if asking else ''}{asking}"
    return asking
