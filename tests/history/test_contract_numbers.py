"""Numbers of contracts: none is given out that was not kept, and older forms stay readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from fundtui.history.contracts import Contracts
from fundtui.history.database import Database, DiskFull
from fundtui.history.state import SCHEMA, State
from fundtui.market import unknown_rule
from tests.history.market import ALPHA, contract


def opened(folder: Path) -> State:
    return State(Database(folder / "state.db", (SCHEMA,), now_ms=0))


def test_contracts_that_a_full_disk_refused_get_kept_later(tmp_path: Path) -> None:
    state = opened(tmp_path)
    many = tuple(contract("alpha", f"A{number}USDT") for number in range(2000))
    connection = state.database.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        state.contract_numbers(many)
    connection.execute("PRAGMA max_page_count = 1000000")
    numbers = state.contract_numbers(many)
    state.database.close()

    read = opened(tmp_path)
    assert [one.symbol for one in read.contracts(numbers)] == [one.symbol for one in many]
    read.database.close()


def test_an_older_form_of_a_contract_keeps_its_number(tmp_path: Path) -> None:
    state = opened(tmp_path)
    slow, fast = contract("alpha", "BTCUSDT", interval_h=8.0), contract("alpha", "BTCUSDT", interval_h=4.0)
    first = state.contract_numbers((slow, ALPHA[1]))
    second = state.contract_numbers((fast, ALPHA[1]))
    assert first[0] != second[0]
    assert first[1] == second[1]
    assert state.contracts(first)[0].interval_h == 8.0
    assert state.contract_numbers((slow, ALPHA[1])).tolist() == first.tolist()
    assert state.contract_numbers((slow, fast)).tolist() == [first[0], second[0]]
    state.database.close()


def test_contracts_are_read_as_the_objects_that_were_kept(tmp_path: Path) -> None:
    state = opened(tmp_path)
    numbers = state.contract_numbers(ALPHA)
    assert all(read is kept for read, kept in zip(state.contracts(numbers), ALPHA, strict=True))
    state.database.close()


def test_what_contracts_have_in_common_is_held_once(tmp_path: Path) -> None:
    """Rules with missing numbers, which are never equal, and names."""
    rules = [unknown_rule("not published"), unknown_rule("no help page")]
    written = opened(tmp_path)
    many = tuple(contract("alpha", f"A{number}USDT", rule=rules[number % 2]) for number in range(40))
    numbers = written.contract_numbers(many)
    written.database.close()

    state = opened(tmp_path)
    read = state.contracts(numbers)
    assert [one.rule.source for one in read] == [one.rule.source for one in many]
    assert len({id(one.rule) for one in read}) == 2
    assert len({id(name) for one in read for name in (one.venue, one.quote, one.settle)}) == 2
    state.database.close()


def test_only_contracts_that_were_used_last_are_held(tmp_path: Path) -> None:
    written = opened(tmp_path)
    forms = [tuple(contract("alpha", f"A{place}USDT", cap=form / 100) for place in range(5)) for form in range(40)]
    numbers = [written.contract_numbers(one) for one in forms]
    written.database.close()

    state = opened(tmp_path)
    held = state._contracts = Contracts(most=12)
    for _ in range(2):
        for place, wanted in enumerate(numbers):
            assert [(one.symbol, one.cap) for one in state.contracts(wanted)] == [
                (one.symbol, one.cap) for one in forms[place]
            ]
            assert len(held.recent) <= 12 + 5
            assert len(held.recent | held._before) <= 2 * (12 + 5)
    # What is in use is not decoded anew, however much else comes by.
    used = state.contracts(numbers[0])
    for wanted in numbers[1:]:
        state.contracts(wanted)
        assert all(one is before for one, before in zip(state.contracts(numbers[0]), used, strict=True))
    state.database.close()


def test_a_venue_whose_settlements_came_before_its_polls_is_known(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.add_venue("alpha")
    owner = state.add_instrument("beta", "BTCUSDT", "BTC")
    number = state.venue("beta")
    assert number is not None
    assert state.venues() == {"alpha": state.venue("alpha"), "beta": number}
    assert state.instrument("beta", "BTCUSDT") == owner
    state.database.close()
