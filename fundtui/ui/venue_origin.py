"""Where each health figure of a venue comes from."""

from __future__ import annotations

import math

from fundtui.status import EndpointHealth, VenueHealth
from fundtui.ui.cells import Scene
from fundtui.ui.provenance import Provenance
from fundtui.units import MISSING, format_age, format_utc_date

# Column -> how it is worked out; what the numbers are stands in `_numbers`.
FORMULAS = {
    "venue": "the venue's name in the configuration",
    "state": "from the outcomes of the last requests: limits and bans by the venue's own answers, down after repeated "
             "failures, degraded where a part is missing",
    "age": "now − time of the last answer that made a batch; ~ beyond three times the cadence",
    "latency": "median of the recent answers' times, request sent to last byte",
    "recent": "the recent answers' times, oldest first, on their own scale",
    "rows": "instruments in the last batch",
    "rejected": "rows of the last batch that the reader refused, by reason",
    "weight": "weight used in the venue's window / the published limit; fundtui stays at or below half",
    "polls": "requests sent since the start, retries too",
    "failures": "requests without a good answer since the start",
    "next": "the schedule's next tick, or the end of a ban, of whichever endpoint is asked first",
    "trouble": "the last failure in plain words; remote text is cleaned",
}  # fmt: skip


def venue_origin(scene: Scene, venue: VenueHealth, key: str, title: str, text: str) -> Provenance:
    """One figure of the venues' table."""
    ages = f"{format_age(venue.age_s)} ago" if not math.isnan(venue.age_s) else "no answer yet"
    facts = [("seen", ages), ("cadence", MISSING if math.isnan(venue.cadence_s) else format_age(venue.cadence_s))]
    if venue.until_ms is not None:
        facts.append(("until", f"{format_utc_date(venue.until_ms)} UTC"))
    if venue.last_error is not None and venue.last_error_ms is not None:
        facts.append(("trouble", f"{format_utc_date(venue.last_error_ms)} UTC: {venue.last_error}"))
    return Provenance(
        title=f"{venue.venue} {title}",
        value=text,
        formula=FORMULAS.get(key, ""),
        numbers=_numbers(venue, key),
        source="measured by this program",
        facts=tuple(facts),
        inputs=tuple(_endpoint(one) for one in venue.endpoints),
        exclusions=tuple(f"{count} rows: {reason}" for reason, count in venue.rejected.items()),
        data={"column": key, "health": venue},
    )


def _numbers(venue: VenueHealth, key: str) -> str:
    if key in ("latency", "recent") and venue.latencies_s:
        return ", ".join(f"{seconds * 1000:.0f} ms" for seconds in venue.latencies_s)
    return {
        "age": f"{venue.age_s:.1f} s, cadence {venue.cadence_s:g} s",
        "weight": f"{venue.weight_used:.1%} of the published limit",
        "polls": f"{venue.polls}",
        "failures": f"{venue.failures} of {venue.polls}",
        "rows": f"{venue.rows}",
        "rejected": f"{sum(venue.rejected.values())}",
        "next": f"{venue.next_in_s:.1f} s",
    }.get(key, "")


def _endpoint(one: EndpointHealth) -> str:
    took = MISSING if math.isnan(one.latency_s) else f"{one.latency_s * 1000:.0f} ms"
    age = MISSING if math.isnan(one.age_s) else f"{format_age(one.age_s)} ago"
    failed = f", {one.failures} failures in a row: {one.error or 'no reason given'}" if one.failures else ""
    return f"{one.name}: answered {age}, took {took}, {one.answer_bytes:,} bytes{failed}"
