"""`fundtui rules test`: what rules would have done on the record."""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fundtui.alerts import backtest
from fundtui.alerts.backtest import Backtest, Episode, Taken
from fundtui.alerts.rule import Rule, rules_of
from fundtui.clock import SystemClock
from fundtui.commands.errors import FAILURE, OK, USAGE, CommandError
from fundtui.commands.market import source_of
from fundtui.commands.settings import load_settings
from fundtui.commands.writers import write_records, write_table
from fundtui.config.schema import Settings
from fundtui.edits import calculator_settings
from fundtui.fees import fee_at
from fundtui.history.database import StoreProblem
from fundtui.history.folder import data_folder
from fundtui.history.sqlite_store import SqliteStore
from fundtui.history.store import Store
from fundtui.imbalance.calculator import Calculator
from fundtui.sources import SourceKind
from fundtui.text import clean
from fundtui.units import MISSING, format_duration, format_percent, format_utc_date
from fundtui.venues import load

WEEK_MS = 7 * 86_400_000
LEAST_WEEKS = 1 / 7
"""Less than a day says nothing about a week."""
HEADS = ("rule", "fired", "a week", "subjects", "median on", "longest", "survived", "net", "paid")
LEFT = (True, *[False] * (len(HEADS) - 1))


def test(arguments: argparse.Namespace) -> int:
    """Print how often each rule would have fired, for how long, what survived the next payment, and net of costs."""
    settings = load_settings(arguments).loaded.settings
    chosen = _chosen(arguments.rule, rules_of(settings))
    source = source_of(arguments)
    folder = (
        Path(source.path).expanduser() if source.kind is SourceKind.RECORD and source.path else data_folder(settings)
    )
    try:
        store = SqliteStore(folder, now_ms=SystemClock().utc_ms(), writable=False)
    except StoreProblem as error:
        raise CommandError(f"there is no record to test on: {error}", FAILURE) from error
    try:
        return _test(arguments, settings, chosen, store)
    except StoreProblem as error:
        raise CommandError(str(error), FAILURE) from error
    finally:
        store.close()


def _chosen(name: str | None, rules: Sequence[Rule]) -> list[Rule]:
    """The rules that can be tested: those over figures, and those that follow the journal."""
    usable = [rule for rule in rules if rule.in_use and not rule.text.health]
    if name is None:
        return usable
    found = [rule for rule in rules if rule.name == name]
    if not found:
        raise CommandError(f"no rule {clean(name)!r}; `fundtui rules` lists them", USAGE)
    if found[0] not in usable:
        why = found[0].unready or ("it follows the program's own health" if found[0].text.health else "it is off")
        raise CommandError(f"{clean(name)} cannot be tested: {why}", USAGE)
    return found


def _test(arguments: argparse.Namespace, settings: Settings, chosen: Sequence[Rule], store: Store) -> int:
    until_ms = max((batch.observed_ms for batch in store.latest()), default=0) + 1
    since_ms = until_ms - round(arguments.since * 1000)
    kept = store.kept_since()
    first_ms = min((one for one in (kept.polls_from_ms, kept.samples_from_ms) if one is not None), default=None)
    if first_ms is None:
        raise CommandError("the record is empty: `fundtui collect` fills it", FAILURE)
    since_ms = max(since_ms, first_ms)
    step_s = backtest.automatic_step_s(since_ms, until_ms) if arguments.step is None else arguments.step
    tested = _run(chosen, settings, store, since_ms, until_ms, step_s)
    found = tested.episodes
    nets = {name: [_net(one, settings, store, until_ms) for one in episodes] for name, episodes in found.items()}
    steps = evaluated(tested.taken, step_s)
    if arguments.format == "json":
        records = [
            _record(name, one, value, step_s if tested.taken.left_out else 0.0)
            for name, episodes in found.items()
            for one, value in zip(episodes, nets[name], strict=True)
        ]
        write_records(records, "json", ())
        return OK
    taken = tested.taken
    weeks = (taken.last_ms - taken.first_ms) / WEEK_MS
    write_table(HEADS, [_row(name, found[name], nets[name], until_ms, weeks) for name in found], LEFT)
    print(f"from {format_utc_date(taken.first_ms)}Z to {format_utc_date(taken.last_ms)}Z, what is on record of it")
    print(steps)
    return OK


def evaluated(taken: Taken, step_s: float) -> str:
    """Which polls were looked at, in words."""
    if not taken.left_out:
        return f"every poll on record was evaluated: {taken.polls:,}"
    whole = taken.polls + taken.left_out
    return (
        f"evaluated: {taken.polls:,} of {whole:,} polls, one of each venue per {format_duration(step_s)};"
        " `--step 0s` takes every one"
    )


def _run(
    chosen: Sequence[Rule], settings: Settings, store: Store, since_ms: int, until_ms: int, step_s: float
) -> Backtest:
    calculator = Calculator(calculator_settings(settings))
    steps = backtest.run(chosen, store, calculator, since_ms, until_ms, step_s)
    tested = next(steps)
    for number, tested_further in enumerate(steps):
        tested = tested_further
        if sys.stderr.isatty() and number % 200 == 0:
            print(f"\r\x1b[K{number:,} polls", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return tested


def _net(one: Episode, settings: Settings, store: Store, until_ms: int) -> float:
    def fee(venue: str) -> float:
        return fee_at(settings, venue, load(venue).fees)

    return backtest.net(one, store, until_ms, fee, settings.costs.half_spread)


def _row(name: str, episodes: Sequence[Episode], nets: Sequence[float], until_ms: int, weeks: float) -> tuple[str, ...]:
    if not episodes:
        return (name, "0", *[MISSING] * (len(HEADS) - 2))
    lasted = [((until_ms if one.ended_ms is None else one.ended_ms) - one.fired_ms) / 1000 for one in episodes]
    # One that is still on and whose payment has not come yet says nothing.
    judged = [one.survived for one in episodes if one.next_ms is not None and one.next_ms < until_ms]
    known = [value for value in nets if not math.isnan(value)]
    return (
        name,
        str(len(episodes)),
        f"{len(episodes) / weeks:.1f}" if weeks >= LEAST_WEEKS else MISSING,
        str(len({one.subject for one in episodes})),
        format_duration(statistics.median(lasted)),
        format_duration(max(lasted)),
        f"{sum(map(bool, judged))} of {len(judged)}" if judged else MISSING,
        format_percent(statistics.median(known), 3) if known else MISSING,
        f"{sum(value > 0 for value in known)} of {len(known)}" if known else MISSING,
    )


def _record(name: str, one: Episode, value: float, step_s: float) -> dict[str, Any]:
    return {
        "rule": name,
        "level": one.subject.level.value,
        "subject": one.subject.key,
        "fired_ms": one.fired_ms,
        "ended_ms": one.ended_ms,
        "next_funding_ms": one.next_ms,
        "survived": one.survived,
        "net": value,
        "step_s": step_s,
        "legs": [{"venue": venue, "symbol": symbol, "side": side} for venue, symbol, side in one.legs],
        "text": one.text,
    }
