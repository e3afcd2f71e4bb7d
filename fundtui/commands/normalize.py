"""`fundtui normalize`: one venue's reader over saved answers, NDJSON on standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fundtui.clock import SystemClock
from fundtui.commands.errors import FAILURE, OK, USAGE, CommandError
from fundtui.market import record
from fundtui.text import clean
from fundtui.venues import load, names
from fundtui.venues.spec import BadAnswer, Endpoint, Venue


def run(arguments: argparse.Namespace) -> int:
    """Print the instrument records (design §6) of the answers given, or the endpoint names when none is."""
    venue = _venue(arguments.venue)
    if not arguments.answers:
        for endpoint in venue.endpoints:
            print(_describe(endpoint))
        return OK
    try:
        parts = _decode(venue, arguments.answers)
        batch = venue.read(parts, _observed_ms(arguments.at))
    except BadAnswer as error:
        raise CommandError(f"{venue.name}: {clean(error.text)}", FAILURE) from error
    except KeyError as error:
        raise CommandError(f"{venue.name}: an answer of {error.args[0]} is needed", USAGE) from error
    encode = msgspec.json.Encoder().encode
    for quote in batch.quotes:
        sys.stdout.write(encode(record(quote)).decode() + "\n")
    if batch.rejected:
        counts = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in sorted(batch.rejected.items()))
        print(f"fundtui: {venue.name}: {sum(batch.rejected.values())} rows dropped: {counts}", file=sys.stderr)
    return OK


def _venue(name: str) -> Venue:
    try:
        return load(name)
    except KeyError as error:
        raise CommandError(f"no venue {clean(name)!r}; there are {', '.join(names())}", USAGE) from error


def _describe(endpoint: Endpoint) -> str:
    name = f"{endpoint.name}@KEY" if endpoint.keys is not None else endpoint.name
    query = "&".join(f"{key}={value}" for key, value in endpoint.params)
    request = f"{endpoint.method} {endpoint.path}{'?' + query if query else ''} {endpoint.body}".rstrip()
    return f"{name:<40} {'required' if endpoint.required else 'optional':<9} {request}"


def _decode(venue: Venue, answers: list[str]) -> Mapping[str, Any]:
    parts: dict[str, Any] = {}
    pages: dict[str, list[Any]] = {}
    for answer in answers:
        name, separator, file = answer.partition("=")
        if not separator:
            raise CommandError(f"write NAME=FILE, not {clean(answer)!r}", USAGE)
        name, _, key = name.partition("@")
        endpoint = _endpoint(venue, name)
        body = _read(file)
        value = endpoint.decode(body)
        if endpoint.keys is not None:
            parts.setdefault(endpoint.name, {})[key or _symbol_in(body, endpoint)] = value
        elif endpoint.join is not None:
            pages.setdefault(endpoint.name, []).append(value)
            parts[endpoint.name] = endpoint.join(pages[endpoint.name])
        else:
            parts[endpoint.name] = value
    return parts


class _OfSymbol(msgspec.Struct):
    symbol: str


def _symbol_in(body: bytes, endpoint: Endpoint) -> str:
    """The symbol that a per-symbol answer says it is of."""
    try:
        return msgspec.json.decode(body, type=_OfSymbol).symbol
    except msgspec.DecodeError as error:
        message = f"the answer does not say its symbol: write {endpoint.name}@SYMBOL=FILE"
        raise CommandError(message, USAGE) from error


def _endpoint(venue: Venue, name: str) -> Endpoint:
    """The endpoint of that name; where a path repeats, the bare name means the first of them."""
    wanted = name.casefold()
    exact = [one for one in venue.endpoints if one.name.casefold() == wanted]
    bare = [one for one in venue.endpoints if one.name.partition(":")[0].casefold() == wanted]
    found = exact or bare
    if not found:
        known = ", ".join(one.name for one in venue.endpoints)
        raise CommandError(f"{venue.name} has no endpoint {clean(name)!r}; there are {known}", USAGE)
    return found[0]


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", FAILURE) from error


def _observed_ms(text: str | None) -> int:
    if text is None:
        return SystemClock().utc_ms()
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"not a time: {clean(text)!r} (write 2026-11-22T12:00:00Z or milliseconds)", USAGE
        ) from error
    if moment.tzinfo is None:
        raise CommandError(f"a time needs its zone: write {clean(text)}Z for UTC", USAGE)
    return round(moment.timestamp() * 1000)
