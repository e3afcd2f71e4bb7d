"""What charts are made of: holes, scales, dates, dots, windows; and that nothing of it is imported at start."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from fundtui.imbalance.conditions import Wanted
from fundtui.ui.charts.axes import DAY_MS, HOUR_MS, Window, scale_of, time_ticks
from fundtui.ui.charts.dots import Dots
from fundtui.ui.charts.picture import Curve, Picture, Shape, broken, gap_of
from fundtui.ui.charts.raster import Raster
from fundtui.ui.charts.sizeinput import parse_size, wrong_size
from fundtui.ui.charts.term import expected
from fundtui.ui.sparkscale import marked, shared_scale

NOON_MS = 1_789_992_000_000.0
"""2026-09-21 12:00 UTC."""


def curve(times: list[float], values: list[float], shape: Shape = Shape.LINE) -> Curve:
    return Curve(name="x", letter="x", role="accent", time_ms=np.array(times), value=np.array(values), shape=shape)


def picture(*curves: Curve, start: float = 0.0, end: float = 10.0) -> Picture:
    return Picture(title="", curves=curves, start_ms=start, end_ms=end, label=str, from_zero=False)


def test_a_hole_ends_the_line() -> None:
    times, values = broken(np.array([0.0, 1.0, 9.0, 10.0]), np.array([1.0, 2.0, 3.0, 4.0]), 2.5)
    assert times.tolist() == [0.0, 1.0, 2.0, 9.0, 10.0]
    assert values[:2].tolist() == [1.0, 2.0]
    assert math.isnan(values[2])
    assert gap_of(np.array([0.0, 1.0, 2.0, 9.0]), 0.5) == 2.5
    assert gap_of(np.array([0.0, 1.0, 2.0, 9.0]), 4.0) == 10.0


def test_values_under_the_crosshair() -> None:
    one = curve([0.0, 1.0, 2.0, 9.0], [1.0, 2.0, math.nan, 3.0])
    assert one.at(1.5, 1.0) == 2.0
    assert math.isnan(one.at(5.0, math.inf))
    assert math.isnan(one.at(-1.0, math.inf))
    assert math.isnan(one.at(12.0, 2.0))


def test_the_scale_holds_what_is_seen_in_round_numbers() -> None:
    shown = picture(curve([0.0, 5.0, 20.0], [1.0, 4.0, 99.0]))
    scale = scale_of(shown, Window(0.0, 10.0), 12)
    # 99 lies beyond the window; 4 % of the range stay free above and below.
    assert (scale.low, scale.high) == pytest.approx((0.88, 4.12))
    assert scale.ticks == pytest.approx((1.0, 2.0, 3.0, 4.0))
    assert scale.place(4.12, 12) == 0.0
    flat = scale_of(picture(curve([1.0], [2.0])), Window(0.0, 10.0), 12)
    assert flat.low < 2.0 < flat.high


def test_dates_are_round_and_apart() -> None:
    day = Window(NOON_MS, NOON_MS + DAY_MS)
    ticks = time_ticks(day, 60)
    assert [text for _, text in ticks] == ["12:00", "18:00", "Sep 22", "06:00"]
    assert [cell for cell, _ in ticks] == [0, 15, 30, 45]
    ahead = time_ticks(Window(0.0, 6 * DAY_MS), 40, ahead=True)
    assert ahead == [(0, "now"), (13, "+2d"), (26, "+4d")]


def test_a_window_stays_inside_its_range() -> None:
    whole = Window(0.0, 100 * HOUR_MS)
    half = whole.zoomed(0.5, 100 * HOUR_MS, whole)
    assert half == Window(50 * HOUR_MS, 100 * HOUR_MS)
    assert half.moved(0.5, whole) == half
    assert half.moved(-0.5, whole) == Window(25 * HOUR_MS, 75 * HOUR_MS)
    assert half.zoomed(10.0, 60 * HOUR_MS, whole) == whole
    assert whole.zoomed(1e-9, 0.0, whole).span_ms == 600_000.0


@pytest.mark.parametrize(("dots", "glyphs"), [(Dots.BRAILLE, "⣀⡀⠤⠒⠉"), (Dots.BLOCK, "▀▄"), (Dots.ASCII, "x")], ids=str)
def test_a_flat_line_goes_through_every_cell(dots: Dots, glyphs: str) -> None:
    line = curve([0.0, 10.0], [1.0, 1.0])
    window = Window(0.0, 10.0)
    raster = Raster(20, 5, window, scale_of(picture(line), window, 5), dots)
    list(raster.draw(line, "x"))
    rows = ["".join(glyph for glyph, _ in raster.row(y)) for y in range(5)]
    assert [bool(row.strip()) for row in rows] == [False, False, True, False, False]
    assert set(rows[2]) <= set(glyphs)
    assert {role for _, role in raster.row(2)} == {"accent"}


def test_steps_hold_and_holes_stay_empty() -> None:
    stairs = curve([0.0, 4.0, 6.0, 8.0, 10.0], [1.0, math.nan, 2.0, 2.0, 2.0], Shape.STEP)
    window = Window(0.0, 10.0)
    raster = Raster(10, 4, window, scale_of(picture(stairs), window, 4), Dots.ASCII)
    list(raster.draw(stairs, "x"))
    rows = ["".join(glyph for glyph, _ in raster.row(y)) for y in range(4)]
    assert rows[3].rstrip() in ("xxxx", "xxxxx")
    assert rows[0] == "      xxxx"
    assert not any(rows[line][5].strip() for line in range(4))


def test_expected_rates_by_hand() -> None:
    assert expected(0.4, 0.1, 24.0, 24.0) == pytest.approx(0.25)
    assert expected(0.4, 0.1, 0.0, 1.0) == 0.1
    assert expected(0.4, 0.1, math.inf, 24.0) == pytest.approx(0.4)
    assert math.isnan(expected(0.4, math.nan, 24.0, 24.0))


def test_sizes_as_typed() -> None:
    before = Wanted(size_usd=1.0, equity_usd=5.0, leverage=4.0)
    assert parse_size("250k", before) == Wanted(size_usd=250e3, equity_usd=5.0, leverage=4.0)
    assert parse_size("$250k 3x 1M", before) == Wanted(size_usd=250e3, equity_usd=1e6, leverage=3.0)
    for wrong in ("3x", "1k 2k 3k", "1k 0.5x", "many", "1k x"):
        assert wrong_size(wrong)
    assert wrong_size("") == ""
    assert wrong_size("10k 2x") == ""


def test_one_scale_for_all_sparklines() -> None:
    series = np.array([[0.0, 1.0], [10.0, math.nan], [5.0, 5.0]])
    low, high = shared_scale(series, np.array([0, 1, 2])) or (0.0, 0.0)
    assert 0.0 <= low < 1.0
    assert 9.0 < high <= 10.0
    assert shared_scale(np.full((2, 3), math.nan), np.array([0, 1])) is None
    assert marked("24 h", 9, shared=True) == "24 h all"
    assert marked("24 h", 9, shared=False) == "24 h own"
    assert marked("24 h", 6, shared=False) == "24 h o"


def test_the_canvas_is_imported_with_the_first_chart_alone() -> None:
    code = (
        "import sys, fundtui.ui.app, fundtui.ui.screens.main, fundtui.ui.screens.asset\n"
        "assert 'textual_hires_canvas' not in sys.modules\n"
        "import fundtui.ui.charts.raster\n"
        "assert 'textual_hires_canvas' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dots", list(Dots))
@pytest.mark.parametrize("shape", [Shape.LINE, Shape.STEP])
def test_a_curve_drawn_in_portions_is_the_same_curve(dots: Dots, shape: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(7).normal(size=1_000).cumsum()
    curve = Curve(name="a", letter="a", role="plain", time_ms=np.arange(1_000.0), value=values, shape=shape)
    window = Window(0.0, 999.0)
    scale = scale_of(picture(curve), window, 40)

    def drawn() -> tuple[int, list[list[tuple[str, str]]]]:
        raster = Raster(120, 40, window, scale, dots)
        portions = len(list(raster.draw(curve, "x")))
        return portions, [raster.row(y) for y in range(40)]

    portions, rows = drawn()
    monkeypatch.setattr("fundtui.ui.charts.raster._PORTION_CELLS", 1e9)
    assert drawn() == (1, rows)
    assert portions > 1
