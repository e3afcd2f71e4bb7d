"""Numbers that an instrument's explained formula needs besides its own figures, with as many digits as it takes.

A formula with its numbers is worth something only if a reader who works it out arrives at the figure: raw rates keep
six digits, and what comes from other instruments (a median, the others' mean, a sum) is told as a number.
"""

from __future__ import annotations

import math

import numpy as np

from fundtui.imbalance.calculator import Calculator
from fundtui.imbalance.segments import segments
from fundtui.imbalance.skew import MAD_TO_SIGMA, MEAN_DEVIATION_TO_SIGMA, SCALE_FLOOR_H, weights
from fundtui.units import HOURS_PER_YEAR, MISSING, format_money


def words_of(calculator: Calculator, row: int) -> dict[str, str]:
    """Words for the templates of `explain_words.INSTRUMENT`, by name."""
    columns = calculator.instruments.columns
    phi, step_h = calculator.settled_phi(row)
    return {
        "exact_rate": exact_percent(float(columns["rate"][row])),
        "exact_hourly": exact_percent(float(columns["hourly"][row])),
        "raw_phi": MISSING if math.isnan(phi) else f"{phi:.6f}",
        "settled_step": MISSING if math.isnan(step_h) else f"{step_h:g}",
        **_of_group(calculator, row),
    }


def exact_percent(fraction: float) -> str:
    """`+0.00125%`: six digits that count, without an exponent."""
    if not math.isfinite(fraction):
        return MISSING
    percent = fraction * 100.0
    decimals = 5 - math.floor(math.log10(abs(percent))) if percent else 0
    text = f"{percent:+.{max(decimals, 0)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def _of_group(calculator: Calculator, row: int) -> dict[str, str]:
    """The instrument among those it is compared with: the others' mean, median and scale of the rates, all weights."""
    unknown = dict.fromkeys(("others", "exact_apr", "median", "scale", "scale_of", "all_weights"), MISSING)
    columns = calculator.instruments.columns
    if calculator.reasons(row):
        return unknown
    asset = calculator.assets.index[calculator.contract(row).asset_id]
    rows = np.array([one for one in calculator.instrument_rows(asset).tolist() if not calculator.reasons(one)])
    hourly, oi_usd = columns["apr"][rows], columns["oi_usd"][rows]
    weight = weights(segments(np.array([len(rows)])), oi_usd).cells
    median = float(np.median(hourly))
    away = np.abs(hourly - median)
    middle, mean = MAD_TO_SIGMA * float(np.median(away)), MEAN_DEVIATION_TO_SIGMA * float(np.mean(away))
    scale, name = (middle, "1.4826 × MAD") if middle > 0 else (mean, "1.2533 × mean deviation")
    if scale < SCALE_FLOOR_H:
        scale, name = SCALE_FLOOR_H, "floor"
    rest = rows != row
    whole = float(weight[rest].sum())
    others = float((weight[rest] * hourly[rest]).sum()) / whole if whole > 0 else math.nan
    return {
        "others": exact_percent(others * HOURS_PER_YEAR),
        "exact_apr": exact_percent(float(columns["apr"][row]) * HOURS_PER_YEAR),
        "median": exact_percent(median * HOURS_PER_YEAR),
        "scale": exact_percent(scale * HOURS_PER_YEAR),
        "scale_of": name,
        "all_weights": format_money(float(weight.sum())),
    }
