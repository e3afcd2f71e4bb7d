"""Checks across settings: queries compile, names exist, sinks have what they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from fundtui import venues
from fundtui.config.lines import Path
from fundtui.config.schema import NARROWEST, WIDEST, Settings, Sink, SinkKind
from fundtui.config.tree import Report, nearest
from fundtui.imbalance import catalogue
from fundtui.imbalance.catalogue import Level
from fundtui.query import QueryError, compile_query, level_of, parse_sort

DEFAULT_SINKS = frozenset({"terminal"})
"""Sinks that exist without a table of their own."""

_WITH_URL = frozenset({SinkKind.WEBHOOK, SinkKind.NTFY, SinkKind.SLACK, SinkKind.DISCORD})


def check(settings: Settings, report: Report, built_in_rules: frozenset[str]) -> None:
    """Report what is wrong in settings that are each of the right type."""
    _check_display(settings, report)
    _check_watchlists(settings, report)
    _check_venues(settings, report)
    _check_alerts(settings, report, built_in_rules)
    for name, sink in settings.notify.sinks.items():
        _check_sink(("notify", name), name, sink, report)
    _check_address(("polling", "proxy"), settings.polling.proxy, ("http", "https", "socks5", "socks5h"), report)
    for name, position in settings.positions.items():
        _check_name(("positions", name, "venue"), position.venue, venues.names(), "venue", report)


def sink_kind(name: str, sink: Sink) -> SinkKind | None:
    """What a sink is: said, or found from its name (`ntfy`, `slack-desk`)."""
    if sink.kind is not None:
        return sink.kind
    first_word = name.split("-", maxsplit=1)[0].lower()
    return SinkKind(first_word) if first_word in {kind.value for kind in SinkKind} else None


def _check_display(settings: Settings, report: Report) -> None:
    display = settings.display
    _check_columns(("display", "columns"), display.columns, report)
    _check_widths(("display", "widths"), display.widths, report)
    _check_sort(("display", "sort"), display.sort, report)
    if display.watchlist:
        _check_name(("display", "watchlist"), display.watchlist, settings.watchlists, "watchlist", report)


def _check_watchlists(settings: Settings, report: Report) -> None:
    for name, watchlist in settings.watchlists.items():
        path = ("watchlists", name)
        if watchlist.where:
            _check_query((*path, "where"), watchlist.where, Level.ASSET, report)
        if watchlist.sort:
            _check_sort((*path, "sort"), watchlist.sort, report)
        _check_columns((*path, "columns"), watchlist.columns, report)
        _check_widths((*path, "widths"), watchlist.widths, report)


def _check_venues(settings: Settings, report: Report) -> None:
    chosen = settings.venues
    if not (chosen.disable or chosen.enable or chosen.only or chosen.named):
        return
    known = venues.names()
    for field in ("disable", "enable", "only"):
        for name in getattr(settings.venues, field):
            _check_name(("venues", field), name, known, "venue", report)
    for name, venue in settings.venues.named.items():
        _check_name(("venues", name), name, known, "venue", report)
        _check_address(("venues", name, "base_url"), venue.base_url, ("http", "https"), report)


def _check_alerts(settings: Settings, report: Report, built_in_rules: frozenset[str]) -> None:
    sinks = {*settings.notify.sinks, *DEFAULT_SINKS}
    for sink in settings.alerts.notify:
        _check_name(("alerts", "notify"), sink, sinks, "sink", report)
    for name, rule in settings.alerts.rules.items():
        path = ("alerts", name)
        if not rule.when and name not in built_in_rules:
            near = nearest(name, built_in_rules)
            report(path, "when is missing" + (f", or did you mean the built-in rule {near}?" if near else ""))
        level = _check_query((*path, "when"), rule.when, rule.level, report) if rule.when else rule.level
        for field in ("clear", "critical"):
            text = getattr(rule, field)
            if text and (level is not None or not rule.when):
                _check_query((*path, field), text, level, report)
        if rule.only:
            _check_name((*path, "only"), rule.only, settings.watchlists, "watchlist", report)
        for sink in rule.notify or ():
            _check_name((*path, "notify"), sink, sinks, "sink", report)


def _check_query(path: Path, text: str, level: Level | None, report: Report) -> Level | None:
    try:
        if level is None:
            return level_of(text)
        compile_query(text, level)
    except QueryError as error:
        report(path, str(error))
        return None
    return level


def _check_sort(path: Path, text: str, report: Report) -> None:
    try:
        parse_sort(text, Level.ASSET)
    except QueryError as error:
        report(path, error.message)


def _check_columns(path: Path, columns: Iterable[str], report: Report) -> None:
    for name in columns:
        if catalogue.find(Level.ASSET, name) is None:
            _check_name(path, name, catalogue.names(Level.ASSET), "column", report)


def _check_widths(path: Path, widths: Mapping[str, int], report: Report) -> None:
    _check_columns(path, widths, report)
    for name, width in widths.items():
        if not NARROWEST <= width <= WIDEST:
            report((*path, name), f"a column is {NARROWEST} to {WIDEST} cells wide")


def _check_name(path: Path, name: str, known: Iterable[str], what: str, report: Report) -> None:
    names = sorted(known)
    if name in names:
        return
    near = nearest(name, names)
    hint = f", did you mean {near}?" if near else f", known are {', '.join(names)}" if names else ""
    report(path, f"there is no {what} {name}{hint}")


def _check_address(path: Path, address: str, schemes: tuple[str, ...], report: Report) -> None:
    if not address or (address == "none" and path == ("polling", "proxy")):
        return
    try:
        parts = urlsplit(address)
        valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        report(path, f"expected an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")


def _check_sink(path: Path, name: str, sink: Sink, report: Report) -> None:
    kind = sink_kind(name, sink)
    if kind is None:
        report(path, "kind is missing: one of " + ", ".join(member.value for member in SinkKind))
        return
    for what in ("url", "token"):
        ways = [way for way in (what, f"{what}_env", f"{what}_file", f"{what}_cmd") if getattr(sink, way)]
        if len(ways) > 1:
            report((*path, ways[1]), f"{' and '.join(ways)} exclude one another")
        if not ways and ((what == "url" and kind in _WITH_URL) or (what == "token" and kind is SinkKind.TELEGRAM)):
            report(path, f"{what} is missing: give {what}_env, {what}_file, {what}_cmd or {what}")
    for field, wanted in (("chat", SinkKind.TELEGRAM), ("command", SinkKind.EXEC), ("path", SinkKind.FILE)):
        if kind is wanted and not getattr(sink, field):
            report(path, f"{field} is missing")
    _check_address((*path, "url"), sink.url, ("https", "http") if sink.allow_http else ("https",), report)
