"""What every registered venue must survive: each damaged answer gives a reason or a batch, and no invented number.

The answers are the recorded ones; each damage hits one endpoint, the others stay whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fundtui.market import Batch, Quote
from fundtui.text import is_symbol
from fundtui.venues import names
from fundtui.venues.spec import AccrualHistory, BadAnswer, Fault, Venue
from tests.venues.answers import (
    Bodies,
    bodies_of,
    damaged,
    error_bodies,
    is_numeric,
    on_leaves,
    parts_of,
    renamed,
    tables,
    venue,
)

NOW_MS = 1_789_338_600_000
NUMBERS = (
    "rate", "mark", "index", "last", "premium", "oi_base", "oi_usd", "volume_usd", "settled_rate", "bid", "ask",
)  # fmt: skip
MANY = 10_000
HOSTILE = (
    "\x1b[31mBTC\x1b[0m",
    "\x1b]0;title\x07",
    "[red]BTC[/red]",
    "BTC\nETH",
    "BTC\u202eUSD",
    "\u200bBTC",
    "BTC USD",
    "X" * 5000,
    "",
    "../../etc/passwd\x00",
)

every_venue = pytest.mark.parametrize("name", names())


def outcome(one: Venue, bodies: Bodies) -> Batch | BadAnswer:
    """The batch, or the reason why there is none. Any other exception is the test's failure."""
    try:
        batch = one.read(parts_of(one, bodies), NOW_MS)
    except BadAnswer as error:
        return plainly_said(error)
    except KeyError as error:
        # Allowed for one reason only: a required part has not answered, which the poller never lets happen.
        if error.args[0] not in {item.name for item in one.endpoints if item.required}:
            raise
        return BadAnswer(Fault.EMPTY, "a required part is missing")
    check(batch)
    return batch


def plainly_said(error: BadAnswer) -> BadAnswer:
    assert error.text
    assert error.text.isprintable()
    return error


def check(batch: Batch) -> None:
    """What holds of every batch, whatever the answers were."""
    symbols = [quote.contract.symbol for quote in batch.quotes]
    assert symbols
    assert len(set(symbols)) == len(symbols)
    for quote in batch.quotes:
        contract = quote.contract
        for text in (contract.symbol, contract.asset, contract.quote, contract.settle):
            assert is_symbol(text), text
        for field in (*NUMBERS, "oi_cap_usd"):
            assert not math.isinf(getattr(quote, field)), field
        assert not abs(quote.rate) > 0.5
        assert not quote.mark <= 0
        assert not quote.oi_usd < 0
        if math.isnan(quote.rate):
            assert quote.reasons, quote
        assert quote.observed_ms == NOW_MS


def by_symbol(batch: Batch | BadAnswer) -> dict[str, Quote]:
    return {quote.contract.symbol: quote for quote in batch.quotes} if isinstance(batch, Batch) else {}


def each_endpoint(one: Venue, bodies: Bodies, damage: Callable[[Any], Any]) -> list[Batch | BadAnswer]:
    return [outcome(one, damaged(bodies, name, damage)) for name in bodies]


@every_venue
def test_recorded_answers_are_read_as_they_are(name: str) -> None:
    one = venue(name)
    outcome(one, bodies_of(one))


@every_venue
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"[null]", b"3", b'"text"', b"\xff", b"<html>"])
def test_an_answer_that_holds_nothing_has_a_reason(name: str, body: bytes) -> None:
    one = venue(name)
    for endpoint in one.endpoints:
        if not endpoint.required:
            # Optional endpoints may answer with an empty list in good faith.
            _try(endpoint.decode, body)
            continue
        try:
            value = endpoint.decode(body)
        except BadAnswer as error:
            plainly_said(error)
            continue
        # A decoder may leave it to `read` to see that nothing is there.
        plain = {endpoint.name: {"": value} if endpoint.keys is not None else value}
        assert isinstance(_read(one, plain), BadAnswer)


def _try(decode: Callable[[bytes], Any], body: bytes) -> None:
    try:
        decode(body)
    except BadAnswer as error:
        plainly_said(error)


def _read(one: Venue, parts: dict[str, Any]) -> Batch | BadAnswer:
    try:
        return one.read(parts, NOW_MS)
    except BadAnswer as error:
        return error


@every_venue
def test_error_envelopes_inside_http_200_have_a_reason(name: str) -> None:
    one = venue(name)
    bodies = error_bodies(one)
    if not bodies:
        pytest.skip(f"no documented error envelope of {name} beside the repository (../shared)")
    for endpoint in one.endpoints:
        for body in bodies:
            with pytest.raises(BadAnswer) as caught:
                endpoint.decode(body)
            plainly_said(caught.value)


@every_venue
def test_truncated_answers_have_a_reason(name: str) -> None:
    one = venue(name)
    bodies = bodies_of(one)
    for endpoint in one.endpoints:
        for body in bodies.get(endpoint.name, {}).values():
            whole = body.strip()
            for length in {1, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
                with pytest.raises(BadAnswer) as caught:
                    endpoint.decode(whole[:length])
                plainly_said(caught.value)


@every_venue
@pytest.mark.parametrize("value", [{}, [], [1], {"a": 1}, True, "word", -7, 1e308, None], ids=str)
def test_wrong_types_give_a_reason_or_a_batch(name: str, value: Any) -> None:
    one = venue(name)
    bodies = bodies_of(one)
    each_endpoint(one, bodies, lambda answer: on_leaves(answer, lambda _: value))
    each_endpoint(one, bodies, lambda answer: on_leaves(answer, lambda leaf: value if is_numeric(leaf) else leaf))
    each_endpoint(one, bodies, lambda answer: on_leaves(answer, lambda leaf: leaf if is_numeric(leaf) else value))


@every_venue
@pytest.mark.parametrize("text", ["NaN", "nan", "Infinity", "-inf", "", "1_000", "0x1f", "١٢"], ids=ascii)
def test_text_that_is_no_number_becomes_none(name: str, text: str) -> None:
    """Where every number of an answer is such text, no figure of that answer is left, least of all a zero."""
    one = venue(name)
    bodies = bodies_of(one)
    whole = by_symbol(outcome(one, bodies))
    for endpoint in bodies:
        hit = damaged(
            bodies, endpoint, lambda answer: on_leaves(answer, lambda leaf: text if is_numeric(leaf) else leaf)
        )
        for symbol, quote in by_symbol(outcome(one, hit)).items():
            for field in NUMBERS:
                value = getattr(quote, field)
                known = getattr(whole[symbol], field) if symbol in whole else math.nan
                assert math.isnan(value) or value == known or _follows(quote, field), (endpoint, symbol, field, value)


def _follows(quote: Quote, field: str) -> bool:
    """Open interest in the other unit follows from a price: another whole answer may have given another price."""
    return field in {"oi_base", "oi_usd"} and not math.isnan(quote.mark if quote.mark > 0 else quote.index)


@every_venue
def test_rows_that_come_twice_and_differ_are_dropped_never_chosen(name: str) -> None:
    one = venue(name)
    bodies = bodies_of(one)
    whole = by_symbol(outcome(one, bodies))

    def double(answer: Any) -> Any:
        for table in tables(answer):
            copies = on_leaves(table, lambda leaf: _other(leaf) if is_numeric(leaf) else leaf)
            table.extend(copies)
        return answer

    for batch in each_endpoint(one, bodies, double):
        for symbol, quote in by_symbol(batch).items():
            if symbol in whole:
                known = whole[symbol].rate
                assert not known or quote.rate != pytest.approx(1.5 * known, rel=1e-9), symbol


def _other(leaf: Any) -> Any:
    """A number of the same kind that is another one; whole numbers stay, as they may be identifiers or times."""
    if isinstance(leaf, str):
        return repr(float(leaf) * 1.5) if "." in leaf else leaf
    return leaf * 1.5 if isinstance(leaf, float) else leaf


@every_venue
def test_ten_thousand_rows(name: str) -> None:
    one = venue(name)
    bodies = bodies_of(one)
    identifiers = _identifiers(one, bodies)

    def copied(row: Any, number: int) -> Any:
        # Names stay what they end with, so that quote currencies are found again.
        return renamed(row, identifiers, lambda text: f"Z{number}{text}")

    def grow(answer: Any) -> Any:
        for table in tables(answer):
            rows = list(table)
            for number in range(MANY // len(rows)):
                table.extend(copied(row, number) for row in rows)
        return answer

    for endpoint in one.endpoints:
        if endpoint.required and endpoint.name in bodies:
            outcome(one, damaged(bodies, endpoint.name, grow))


@every_venue
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_names_change_nothing_but_their_own_row(name: str, text: str) -> None:
    one = venue(name)
    bodies = bodies_of(one)
    whole = by_symbol(outcome(one, bodies))
    contracts = [quote.contract for quote in whole.values()]
    currencies = {text for contract in contracts for text in (contract.asset, contract.quote, contract.settle)}
    identifiers = _identifiers(one, bodies) | currencies

    def plant(answer: Any) -> Any:
        for table in tables(answer):
            table.append(renamed(table[0], identifiers, lambda _: text))
        return answer

    for endpoint in bodies:
        batch = outcome(one, damaged(bodies, endpoint, plant))
        # `check` has seen that no name is unsafe. In a short table one bad row is more than a fifth of all.
        if isinstance(batch, Batch):
            assert set(by_symbol(batch)) <= set(whole)
        else:
            assert _shortest_table(bodies, endpoint) < 10, f"one hostile row cost all: {batch.text}"


def _shortest_table(bodies: Bodies, endpoint: str) -> int:
    return min(len(table) for body in bodies[endpoint].values() for table in tables(json.loads(body)))


def _identifiers(one: Venue, bodies: Bodies) -> frozenset[str]:
    """Texts in the answers that name an instrument."""
    found: set[str] = set()
    for quote in by_symbol(outcome(one, bodies)).values():
        contract = quote.contract
        found |= {contract.symbol, contract.native_id, contract.symbol.partition(":")[0]}
    for keyed in bodies.values():
        for body in keyed.values():
            for table in tables(json.loads(body)):
                found |= {str(row[field]) for row in table for field in ("symbol", "name", "id") if field in row}
    return frozenset(found - {""})


@every_venue
def test_histories_say_what_is_wrong(name: str) -> None:
    history = venue(name).history or venue(name).accrual
    if history is None:
        pytest.skip(f"{name} has no history")
    for body in (b"", b"{}", b"<html>", b"3", b'{"code":', b"\xff"):
        try:
            rows = history.read(body, "1")
        except BadAnswer as error:
            plainly_said(error)
        else:
            assert rows == ()
    if isinstance(history, AccrualHistory):
        return
    start_ms = NOW_MS - 3_600_000_000
    request = history.first("1", start_ms, NOW_MS)
    for _ in range(50):
        assert request.path.startswith("/")
        following = history.next(request, (), "1", start_ms, NOW_MS)
        if following is None:
            break
        request = following
    else:
        raise AssertionError("empty pages are asked for ever")


def test_all_venues_are_told_apart() -> None:
    loaded = [venue(name) for name in names()]
    assert [one.name for one in loaded] == list(names())
    assert all(one.title and one.source and one.base_url.startswith("https://") for one in loaded)
    for one in loaded:
        endpoints = [endpoint.name for endpoint in one.endpoints]
        assert len(set(endpoints)) == len(endpoints)
        assert any(endpoint.required for endpoint in one.endpoints)
        cost = sum(endpoint.weight / endpoint.every_s for endpoint in one.endpoints if endpoint.keys is None)
        assert cost <= one.budget.capacity / one.budget.window_s / 2, one.name
        assert msgspec.structs.asdict(one)["rule"] is not None
