"""`fundtui venues`: every venue with its state, age, latency, rows, weight used and last error."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence

from fundtui.commands.errors import NO_VENUE, OK
from fundtui.commands.market import gather, health_record, open_engine
from fundtui.commands.writers import write_records, write_table
from fundtui.engine import Engine
from fundtui.status import VenueHealth, VenueState
from fundtui.units import MISSING, format_age, format_percent, format_utc
from fundtui.venues import load_all
from fundtui.venues.spec import Venue

HEADS = ("venue", "state", "age", "p50", "rows", "dropped", "weight", "last trouble")
LEFT = (True, True, False, False, False, False, False, True)


def run(arguments: argparse.Namespace) -> int:
    """Poll once and print the health of every venue, also of those that are off and why. 4 when none answered.

    As markdown: what is known of the venues, without asking any.
    """
    if arguments.format == "markdown":
        print(markdown(load_all()))
        return OK
    return asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    engine = open_engine(arguments, probe=arguments.probe)
    async with gather(engine, arguments.wait, need_answer=False):
        health = engine.health()
        if arguments.format == "json":
            write_records([health_record(one) for one in health], "json", ())
        else:
            print_table(engine)
    return OK if any(one.rows for one in health) else NO_VENUE


def print_table(engine: Engine) -> None:
    """The table of `fundtui venues`."""
    write_table(HEADS, [_cells(one) for one in engine.health()], LEFT)
    if engine.local_outage:
        print("most venues cannot be reached: this looks like the network here, not like the venues")


def _cells(health: VenueHealth) -> Sequence[str]:
    asked = health.state is not VenueState.OFF
    return (
        health.venue,
        health.state.replace("_", " "),
        format_age(health.age_s),
        f"{health.latency_s * 1000:.0f}ms" if health.latency_s == health.latency_s else MISSING,
        str(health.rows) if asked else MISSING,
        str(sum(health.rejected.values())) if asked else MISSING,
        format_percent(health.weight_used, 0).lstrip("+") if asked else MISSING,
        trouble(health),
    )


def trouble(health: VenueHealth) -> str:
    """The last column: what went wrong last, else why the venue is off or experimental."""
    if health.last_error is None:
        return _standing(health)
    at = f"{format_utc(health.last_error_ms, seconds=False)} " if health.last_error_ms is not None else ""
    return f"{at}{health.last_error}"


def _standing(health: VenueHealth) -> str:
    """Why a venue is off, or what to think of one that was switched on."""
    off = health.state is VenueState.OFF
    if health.experimental:
        return f"{'off by default' if off else 'experimental'}: {health.experimental}"
    return "left out by the configuration" if off else ""


def markdown(venues: Iterable[Venue]) -> str:
    """The venue table of the README."""
    titles = (
        "venue",
        "name",
        "formula",
        "averaging",
        "taker fee",
        "settled history",
        "premium history",
        "on by default",
    )
    lines = [f"| {' | '.join(titles)} |", "|" + " --- |" * len(titles)]
    for venue in venues:
        taker = format_percent(venue.fees.taker, 3).lstrip("+")
        history = f"no: {venue.no_history}" if venue.no_history else "yes"
        on = f"no: {venue.experimental}" if venue.experimental else "yes"
        premiums = "yes" if venue.premium_history is not None else "-"
        cells = (venue.name, venue.title, venue.rule.family, venue.rule.averaging, taker, history, premiums, on)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
