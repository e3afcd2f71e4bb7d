"""The query language: what matches, what a missing value does, and where errors point."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundtui.imbalance.catalogue import Level, Metric, Unit
from fundtui.imbalance.table import Table
from fundtui.query import NumericTerm, Query, QueryError, Selection, TextTerm, compile_query, level_of, parse_sort


def metric(key: str, unit: Unit, level: Level = Level.ASSET, aliases: tuple[str, ...] = ()) -> Metric:
    return Metric(key=key, title=key[:9], level=level, unit=unit, help=key, aliases=aliases)


METRICS = (
    metric("asset", Unit.TEXT),
    metric("long", Unit.TEXT),
    metric("consensus", Unit.RATE),
    metric("spread", Unit.RATE),
    metric("breakeven", Unit.HOURS),
    metric("age", Unit.SECONDS),
    metric("oi_usd", Unit.USD, aliases=("oi",)),
    metric("premium", Unit.BP),
    metric("z", Unit.SIGMA),
    metric("venues", Unit.COUNT),
    metric("staleness", Unit.MULTIPLE),
    metric("trend", Unit.SERIES),
    metric("asset", Unit.TEXT, Level.INSTRUMENT),
    metric("interval", Unit.HOURS, Level.INSTRUMENT),
)
CATALOGUE = {level: tuple(item for item in METRICS if item.level is level) for level in (Level.ASSET, Level.INSTRUMENT)}
NAN = np.nan

ROWS: dict[str, dict[str, float | str]] = {
    # APR in the comments: hourly x 8760.
    "BTC": {"long": "kraken-futures", "consensus": 1e-5, "spread": 3e-5, "breakeven": 40.0, "oi_usd": 19.9e9, "z": 2.4},
    "PEPE": {"long": "okx", "consensus": -1e-5, "spread": 1e-5, "breakeven": 100.0, "oi_usd": 148e6, "z": -4.5},
    "WIF": {"long": "mexc", "consensus": 1.5e-4, "spread": 2.4e-4, "breakeven": 14.0, "oi_usd": 212e6, "z": 6.8},
    "1INCH": {"long": "gate", "consensus": NAN, "spread": NAN, "breakeven": NAN, "oi_usd": 1.1e6, "z": NAN},
}


def table(rows: dict[str, dict[str, float | str]] = ROWS) -> Table:
    made = Table(Level.ASSET, CATALOGUE[Level.ASSET], capacity=len(rows) + 3)
    for asset, cells in rows.items():
        row = made.add(asset)
        for key, value in {"asset": asset, **cells}.items():
            made.columns[key][row] = made.code(key, value) if isinstance(value, str) else value
    return made


def compiled(text: str) -> Query:
    return compile_query(text, Level.ASSET, CATALOGUE)


def matching(text: str) -> set[str]:
    """The assets that match. Spread APR: BTC 26.28 %, PEPE 8.76 %, WIF 210.24 %, 1INCH unknown."""
    made = table()
    return {made.keys[row] for row in np.flatnonzero(compiled(text).mask(made))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spread > 25%", {"BTC", "WIF"}),
        ("spread > 0.25", {"BTC", "WIF"}),
        ("25% < spread", {"BTC", "WIF"}),
        ("spread>=8.7% and spread<27%", {"BTC", "PEPE"}),
        ("8% < spread < 27%", {"BTC", "PEPE"}),
        ("breakeven < 3d", {"BTC", "WIF"}),
        ("breakeven <= 14h", {"WIF"}),
        ("breakeven > 1d18h", {"PEPE"}),
        ("oi > 20B", set()),
        ("oi >= $212M", {"BTC", "WIF"}),
        ("oi > 250k and oi < 150M", {"PEPE", "1INCH"}),
        ("oi = 148M", {"PEPE"}),
        ("z > 2 or z < -4", {"BTC", "PEPE", "WIF"}),
        ("abs(z) >= 4", {"PEPE", "WIF"}),
        ("-z > 4", {"PEPE"}),
        ("z + 2 > 8", {"WIF"}),
        ("2 * z - 1 > 3", {"BTC", "WIF"}),
        ("spread / 2 > 13%", {"BTC", "WIF"}),
        # APR of 1 bp per 8 h is 0.0001 / 8 * 8760 = 10.95 %.
        ("spread > 1bp/8h", {"BTC", "WIF"}),
        ("spread > 0.002%/h", {"BTC", "WIF"}),
        ("spread > 25%/y", {"BTC", "WIF"}),
        ("SPREAD > 25% AND Oi < 1B", {"WIF"}),
        ("spread > 25% && !(oi > 1B)", {"WIF"}),
        ("spread > 100% || oi < 2M", {"WIF", "1INCH"}),
        # and binds tighter than or.
        ("oi < 2M or spread > 25% and oi < 1B", {"WIF", "1INCH"}),
        ("(oi < 2M or spread > 25%) and oi < 1B", {"WIF", "1INCH"}),
        ("(oi < 2M or spread > 5%) and spread < 10%", {"PEPE"}),
        ("2 + 3 * z > 9", {"BTC", "WIF"}),
    ],
)
def test_numbers_compare_in_exported_units(text: str, expected: set[str]) -> None:
    assert matching(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('asset ~ "pe"', {"PEPE"}),
        ("asset ~ I", {"WIF", "1INCH"}),
        ("asset !~ I", {"BTC", "PEPE"}),
        ("!asset ~ I", {"BTC", "PEPE"}),
        ('asset = "BTC"', {"BTC"}),
        ("asset = btc", {"BTC"}),
        ("asset = PE", set()),
        ("asset = 1INCH", {"1INCH"}),
        ("asset != BTC", {"PEPE", "WIF", "1INCH"}),
        ("long = kraken-futures", {"BTC"}),
        ("long in (kraken-futures, 'okx')", {"BTC", "PEPE"}),
        ("long not in (kraken-futures, okx)", {"WIF", "1INCH"}),
        ("not long in (kraken-futures, okx)", {"WIF", "1INCH"}),
        ("breakeven in (14h, 100h)", {"PEPE", "WIF"}),
        ("breakeven not in (14h, 100h)", {"BTC"}),
        # A column's name on the right of a text column is text.
        ("asset = spread", set()),
    ],
)
def test_text_and_lists(text: str, expected: set[str]) -> None:
    assert matching(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "spread > 25%",
        "not spread > 25%",
        "spread != 25%",
        "not spread = 25%",
        "spread > 25% or spread <= 25%",
        "not (spread > 25% and z > 100)",
        "spread - spread = 0",
        "spread in (1%, 2%)",
        "not spread in (1%, 2%)",
        "not not spread > 25%",
    ],
)
def test_missing_never_matches_whatever_stands_around_it(text: str) -> None:
    assert "1INCH" not in matching(text)


def test_a_known_side_decides_where_logic_allows_it() -> None:
    # Unknown or true is true; not (unknown and false) is true.
    assert "1INCH" in matching("spread > 25% or oi < 2M")
    assert "1INCH" in matching("not (spread > 25% and oi > 2M)")
    assert "1INCH" not in matching("not (spread > 25% or oi > 2M)")


def test_division_by_zero_is_missing_not_infinite() -> None:
    made = table({"A": {"z": 0.0, "oi_usd": 5.0}, "B": {"z": 2.0, "oi_usd": 5.0}})
    assert compiled("oi / z > 1").mask(made).tolist() == [False, True]
    assert compiled("not oi / z > 1").mask(made).tolist() == [False, False]


def test_labels_that_come_later_are_seen() -> None:
    made = table()
    query = compiled("asset ~ E")
    assert query.mask(made).tolist() == [False, True, False, False]
    row = made.add("ETH")
    made.columns["asset"][row] = made.code("asset", "ETH")
    assert query.mask(made).tolist() == [False, True, False, False, True]
    assert compiled("asset !~ Q").mask(table({"A": {}})).tolist() == [True]


def test_a_missing_text_matches_neither_a_test_nor_its_negation() -> None:
    made = table({"A": {}})
    assert not compiled("long = okx").mask(made)[0]
    assert not compiled("long != okx").mask(made)[0]
    assert not compiled("not long in (okx, gate)").mask(made)[0]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("spred > 25%", 1, "did you mean spread?"),
        ("z > 1 and consensu > 25%", 11, "did you mean consensus?"),
        ("interval > 1h", 1, "known per instrument, not per asset"),
        ("spread > ", 10, "the query ends"),
        ("spread", 1, "compare it, as in spread > 25%"),
        ("oi", 1, "oi > 10M"),
        ("asset", 1, 'asset ~ "BTC"'),
        ("(z > 1", 1, "not closed"),
        ("z > 1)", 6, "not expected"),
        ("spread > 10M", 10, "spread is a percentage, but 10M is an amount"),
        ("oi > 25%", 6, "oi is money, but 25% is a percentage"),
        ("oi > 10m", 6, "10m is a duration (10M is ten million, 10m ten minutes)"),
        ("breakeven < 5%", 13, "breakeven is a duration"),
        ("spread + oi > 3", 10, "spread is a percentage, but oi is money"),
        ("z > 25%", 5, "z is a plain number"),
        ("trend > 1", 1, "a chart"),
        ("asset > 1", 1, "text"),
        ("asset < BTC", 1, "compare it with ~"),
        ("z ~ 1", 1, "searches text"),
        ('z = "x"', 5, "text stands here"),
        ("okx = long", 7, "write the text column first"),
        ('asset ~ "BTC', 9, "does not end"),
        ("asset = a b", 11, "not expected"),
        ("asset = a - b", 9, "in quotes"),
        ("1 < 2", 1, "no metric"),
        ("z / 0 > 1", 5, "division by zero"),
        ("z > 1 and", 10, "the query ends"),
        ("z not 3", 7, "'in'"),
        ("z > (z > 1)", 6, "a condition, not a number"),
        ("z > 1; z", 6, "means nothing"),
        ("z.__class__ > 1", 1, "no metric"),
        ("__import__('os') > 1", 11, "not expected"),
        ("z > 1bp/0h", 5, "period"),
        ("not > 1", 5, "expected a metric"),
    ],
)
def test_errors_point_at_the_column_and_say_what_to_do(text: str, column: int, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        compiled(text)
    assert message in caught.value.message
    assert caught.value.column == column


def test_an_error_shows_a_caret() -> None:
    with pytest.raises(QueryError) as caught:
        compiled("z > 1 and spred > 2")
    assert caught.value.pointed().splitlines()[:2] == ["z > 1 and spred > 2", "          ^"]


@pytest.mark.parametrize(
    "text",
    ["(" * 150 + "z > 1" + ")" * 150, "not " * 300 + "z > 1", "-" * 300 + "z > 1", "z" + "+z" * 190 + " > 1"],
)
def test_depth_is_limited_without_recursion_errors(text: str) -> None:
    with pytest.raises(QueryError, match="nested deeper"):
        compiled(text)


def test_length_is_limited() -> None:
    with pytest.raises(QueryError, match="longer than"):
        compiled("z > 1 or " * 1000 + "z > 1")
    with pytest.raises(QueryError, match="more than"):
        compiled("z>1 or " * 150 + "z>1")
    assert compiled("z > 1 or " * 60 + "z > 9").mask(table()).tolist() == [True, False, True, False]


def test_keys_and_terms_tell_why() -> None:
    query = compiled("spread > 25% and (asset ~ WIF or not abs(z) >= 4)")
    assert query.keys == ("spread", "asset", "z")
    assert query.text == "spread > 25% and (asset ~ WIF or not abs(z) >= 4)"
    spread, asset, z = query.terms
    made = table()
    assert isinstance(spread, NumericTerm)
    assert (spread.source, spread.start, spread.operator) == ("spread > 25%", 0, ">")
    left, right = spread.sides(made)
    assert left[0] == pytest.approx(0.2628)
    assert np.isnan(left[3])
    assert right.tolist() == [0.25] * 4
    assert spread.unit is Unit.RATE
    assert isinstance(asset, TextTerm)
    assert asset.source == "asset ~ WIF"
    assert asset.texts(made)[2] == "WIF"
    assert isinstance(z, NumericTerm)
    assert (z.source, z.operator) == ("abs(z) >= 4", "<")
    assert z.sides(made)[0].tolist()[:3] == [2.4, 4.5, 6.8]
    assert query.known(made).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "matches", "relaxed_matches"),
    [
        # 0.8 x 30 % = 24 %: BTC at 26.28 % stays in.
        ("spread > 30%", {"WIF"}, {"BTC", "WIF"}),
        ("30% < spread", {"WIF"}, {"BTC", "WIF"}),
        # 36 h / 0.8 = 45 h.
        ("breakeven < 36h", {"WIF"}, {"BTC", "WIF"}),
        # -5 x 0.8 = -4.
        ("z < -5", set(), {"PEPE"}),
        # 3 / 0.8 and 3 x 0.8: `not z <= 3` is `z > 3`.
        ("not z <= 3", {"WIF"}, {"BTC", "WIF"} - {"BTC"}),
        ("asset = BTC", {"BTC"}, {"BTC"}),
    ],
)
def test_relaxed_thresholds_are_easier_to_hold(text: str, matches: set[str], relaxed_matches: set[str]) -> None:
    made = table()
    query = compiled(text)
    relaxed = query.relaxed(0.8)
    assert {made.keys[row] for row in np.flatnonzero(query.mask(made))} == matches
    assert {made.keys[row] for row in np.flatnonzero(relaxed.mask(made))} == relaxed_matches


def test_sort_keys() -> None:
    assert parse_sort("-spread", Level.ASSET, CATALOGUE) == ("spread", True)
    assert parse_sort(" z ", Level.ASSET, CATALOGUE) == ("z", False)
    with pytest.raises(QueryError, match="did you mean spread") as caught:
        parse_sort("-spraed", Level.ASSET, CATALOGUE)
    assert caught.value.column == 2
    with pytest.raises(QueryError, match="expected a metric"):
        parse_sort("-", Level.ASSET, CATALOGUE)
    with pytest.raises(QueryError, match="chart"):
        parse_sort("trend", Level.ASSET, CATALOGUE)


def test_the_level_is_found_from_the_names() -> None:
    assert level_of("spread > 25%", CATALOGUE) is Level.ASSET
    assert level_of("interval = 1h", CATALOGUE) is Level.INSTRUMENT
    with pytest.raises(QueryError, match="no metric"):
        level_of("nothing > 1", CATALOGUE)


# Against a small independent evaluator: numbers per row, None for unknown.

_LEAVES = st.tuples(
    st.sampled_from(["z", "venues", "staleness"]),
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    st.integers(-2, 2),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=8,
)


def _write(tree: tuple[object, ...]) -> str:
    if tree[0] == "not":
        return f"not ({_write(tree[1])})"  # type: ignore[arg-type]
    if tree[0] in ("and", "or"):
        return f"({_write(tree[1])}) {tree[0]} ({_write(tree[2])})"  # type: ignore[arg-type]
    return f"{tree[0]} {tree[1]} {tree[2]}"


def _judge(tree: tuple[object, ...], row: dict[str, float | None]) -> bool | None:
    if tree[0] == "not":
        inner = _judge(tree[1], row)  # type: ignore[arg-type]
        return None if inner is None else not inner
    if tree[0] in ("and", "or"):
        verdicts = {_judge(tree[1], row), _judge(tree[2], row)}  # type: ignore[arg-type]
        deciding = tree[0] == "or"
        if deciding in verdicts:
            return deciding
        return None if None in verdicts else not deciding
    value = row[str(tree[0])]
    if value is None:
        return None
    bound = float(str(tree[2]))
    return {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
        "=": value == bound,
        "!=": value != bound,
    }[str(tree[1])]


@settings(max_examples=150, deadline=None)
@given(
    tree=_TREES,
    rows=st.lists(
        st.fixed_dictionaries({key: st.none() | st.integers(-2, 2).map(float) for key in ("z", "venues", "staleness")}),
        min_size=1,
        max_size=6,
    ),
)
def test_logic_is_kleenes(tree: tuple[object, ...], rows: list[dict[str, float | None]]) -> None:
    made = table({str(n): {k: NAN if v is None else v for k, v in row.items()} for n, row in enumerate(rows)})
    expected = [_judge(tree, row) is True for row in rows]
    assert compiled(_write(tree)).mask(made).tolist() == expected


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="()<>=!~+-*/,.'\" abcdz0123456789%kMspread_notandorin&|\n\x00é", max_size=60))
def test_any_text_compiles_or_is_a_query_error(text: str) -> None:
    column, rows = 1, 4
    try:
        rows = len(compiled(text).mask(table()))
    except QueryError as error:
        column = error.column
    assert rows == 4
    assert 1 <= column <= len(text) + 1


def test_three_terms_over_two_thousand_rows_are_quick() -> None:
    generator = np.random.default_rng(7)
    rows: dict[str, dict[str, float | str]] = {
        f"A{n}": {
            "spread": float(generator.normal(0, 1e-4)),
            "oi_usd": float(generator.exponential(5e7)),
            "long": "okx",
        }
        for n in range(2000)
    }
    made = table(rows)
    query = compiled("spread > 25% and oi > 20M and long != mexc")
    query.mask(made)
    best = min(_seconds(query, made) for _ in range(50))
    assert best < 100e-6


def _seconds(query: Query, made: Table) -> float:
    started = time.perf_counter()
    query.mask(made)
    return time.perf_counter() - started


def test_aliases_name_the_same_metric() -> None:
    query = compiled("oi > 1B")
    assert query.keys == ("oi_usd",)
    assert matching("oi > 1B") == matching("oi_usd > 1B") == {"BTC"}
    assert parse_sort("-oi", Level.ASSET, CATALOGUE) == ("oi_usd", True)


def test_the_catalogue_of_the_program_is_the_default() -> None:
    assert compile_query("spread > 25% and oi > 20M", Level.ASSET).keys == ("spread", "oi_usd")


def test_a_selection_of_rows_gives_what_the_whole_table_gives_there() -> None:
    made = table()
    rows = np.array([3, 1, 0])
    selected = Selection(made, rows)
    for text in ("spread > 5%", "asset ~ E and oi > 2M", "long in (okx, gate)", "not z > 1", "-z + 1 > 2"):
        query = compiled(text)
        assert query.mask(selected).tolist() == query.mask(made)[rows].tolist()
        assert query.known(selected).tolist() == query.known(made)[rows].tolist()


def test_what_is_refuted_is_neither_matched_nor_undecided() -> None:
    made = table()
    query = compiled("spread > 25% and oi > 2M")
    assert query.mask(made).tolist() == [True, False, True, False]
    # 1INCH: the spread is unknown, but its open interest alone refutes the query.
    assert query.refuted(made).tolist() == [False, True, False, True]
    relaxed = compiled("spread > 30%").relaxed(0.8)
    assert relaxed.mask(made).tolist() == [True, False, True, False]
    assert relaxed.refuted(made).tolist() == [False, True, False, False]
    assert compiled("not spread <= 30%").relaxed(0.8).refuted(made).tolist() == [False, True, False, False]
