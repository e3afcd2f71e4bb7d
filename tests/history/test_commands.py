"""history, export and replay over a record on disk, as a person calls them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fundtui.cli import main
from fundtui.history.sqlite_store import SqliteStore
from fundtui.status import Event, EventKind
from fundtui.text import clean
from tests.history.market import BETA, HOUR_MS, START_MS, batch, rate, settlement

Run = Callable[..., tuple[int, str, str]]
FROM, TO = "2026-02-16", "2026-03-16"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command over a small record: exit code, output, errors."""
    folder = tmp_path / "record"
    config = tmp_path / "config.toml"
    config.touch(0o600)
    monkeypatch.setenv("FUNDTUI_CONFIG", str(config))
    monkeypatch.setenv("FUNDTUI_HISTORY__FOLDER", str(folder))
    store = SqliteStore(folder, now_ms=START_MS)
    for minute in range(90):
        store.append([batch(START_MS + 60_000 * minute), batch(START_MS + 60_000 * minute + 300, BETA)])
    # One settlement after the fourth is missing.
    store.settle(settlement(START_MS + 8 * HOUR_MS * step, 0.0001 * step) for step in (0, 1, 2, 3, 5, 6))
    store.note([Event(time_ms=START_MS + 1, kind=EventKind.PURGE, text=clean("=cmd"), venue="alpha", asset="BTC")])
    store.close()

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_history_of_an_instrument_marks_what_was_not_observed(run: Run) -> None:
    code, out, _ = run("history", "BTC", "alpha", "--since", "10000d")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "alpha BTCUSDT (BTC), settled rates, times in UTC"
    table = [line.split() for line in lines[2:9]]
    assert [row[-3] for row in table] == [
        "+0.0000%",
        "+0.0100%",
        "+0.0200%",
        "+0.0300%",
        "observed",
        "+0.0500%",
        "+0.0600%",
    ]
    assert "not observed       16h" in out
    assert any("⠁" <= letter <= "⣿" for letter in out)
    assert "90 samples of the published rate" in out


def test_history_of_an_asset_compares_venues(run: Run) -> None:
    _, out, _ = run("history", "BTC", "--since", "10000d")
    rows = {line.split()[0]: line.split() for line in out.splitlines()[1:]}
    assert rows["alpha"][2:4] == ["6", "8h"]
    assert rows["alpha"][6] == "1"
    assert "nothing settled in this time" in out


def test_history_as_json(run: Run) -> None:
    _, out, _ = run("history", "BTCUSDT", "alpha", "--since", "10000d", "--format", "json")
    rows = json.loads(out)
    assert [row["observed"] for row in rows] == [True, True, True, True, False, True, True]
    assert rows[4]["rate"] is None
    assert rows[4]["until_ms"] - rows[4]["time_ms"] == 16 * HOUR_MS
    assert rows[1]["apr"] == pytest.approx(0.0001 / 8 * 8760)


def test_what_is_not_recorded_is_named(run: Run) -> None:
    code, out, error = run("history", "BTX")
    assert (code, out) == (1, "")
    assert "no record of 'BTX'" in error
    assert run("history", "BTC", "alfa")[0] == 1
    assert run("history", "BTC", "--record", "/nonexistent")[0] == 1


def test_export_of_quotes_is_what_was_seen(run: Run) -> None:
    _, out, _ = run("export", "quotes", "--from", FROM, "--to", TO, "--venue", "alpha", "--asset", "ETH")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 90
    assert [float(row["rate"]) for row in rows] == [rate(START_MS + 60_000 * minute, 1) for minute in range(90)]
    assert {row["reasons"] for row in rows} == {"no_rate"}
    part = run("export", "quotes", "--from", f"{FROM}T00:10", "--to", f"{FROM}T00:20:00", "--venue", "beta")[1]
    assert len(part.splitlines()) == 11


def test_export_of_settlements_and_events(run: Run) -> None:
    _, out, _ = run("export", "settlements", "--from", FROM, "--to", TO, "--format", "ndjson")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["rate"] for row in rows] == pytest.approx([0.0001 * step for step in (0, 1, 2, 3, 5, 6)])
    assert rows[0]["premium"] is None
    _, out, _ = run("export", "events", "--from", FROM, "--to", TO)
    (row,) = csv.DictReader(io.StringIO(out))
    # A spreadsheet must not run it.
    assert (row["kind"], row["text"]) == ("purge", "'=cmd")


def test_export_of_metrics_is_what_was_shown(run: Run) -> None:
    _, out, _ = run("export", "metrics", "--from", FROM, "--to", TO, "--every", "30m", "--asset", "BTC")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [int(row["time_ms"]) - START_MS for row in rows] == [30 * 60_000, 60 * 60_000]
    at_ms = START_MS + 29 * 60_000
    hourly = sorted((rate(at_ms, 0) / 8, rate(at_ms + 300, 0)))
    assert float(rows[0]["spread"]) == pytest.approx((hourly[1] - hourly[0]) * 8760)


def test_export_to_a_private_file_and_to_parquet(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    assert run("export", "settlements", "--from", FROM, "--to", TO, "--output", str(target))[0] == 0
    assert target.stat().st_mode & 0o777 == 0o600
    words = ("export", "quotes", "--from", FROM, "--to", TO, "--format", "parquet")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    code, _, error = run(*words)
    assert code == 2
    assert "--output" in error
    target = tmp_path / "out.parquet"
    assert run(*words, "--output", str(target))[0] == 0
    table = parquet.read_table(target)
    assert table.num_rows == 90 * 4
    assert str(table.schema.field("rate").type) == "double"


def test_snapshot_over_the_record(run: Run) -> None:
    code, out, error = run("snapshot", "--source", f"record:{_folder()}", "--level", "instrument", "--format", "json")
    assert code == 0, error
    # The first moment of the record: only what had been seen by then.
    assert {(row["venue"], row["symbol"]) for row in json.loads(out)} == {
        ("alpha", "BTCUSDT"),
        ("alpha", "ETHUSDT"),
        ("alpha", "PEPEUSDT"),
    }
    assert run("snapshot", "--source", "record:/nonexistent")[0] == 1


def _folder() -> str:
    import os

    return os.environ["FUNDTUI_HISTORY__FOLDER"]


def test_wrong_times_are_said(run: Run) -> None:
    with pytest.raises(SystemExit) as raised:
        run("export", "events", "--from", "yesterdayish")
    assert raised.value.code == 2
    assert run("export", "events", "--from", TO, "--to", FROM)[0] == 2


def test_history_alone_says_what_is_kept_and_for_how_long(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDTUI_HISTORY__KEEP_QUOTES", "0s")
    code, out, _ = run("history")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert "4 instruments" in lines["record"]
    assert "since 2026-02-16 00:00:00 UTC, kept for 2 days" in lines["polls"]
    assert lines["quotes"].split() == ["quotes", "not", "kept,", "each", "five", "minutes"]
    assert "kept for 30 days" in lines["samples"]
    assert "kept for 730 days, hourly" in lines["bars"]


def test_a_newer_record_is_read_but_collect_refuses_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "record" / "state.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("UPDATE schema SET version = 99 WHERE room = 'history'")
    connection.commit()
    connection.close()
    code, out, _ = run("history")
    assert code == 0
    assert "state.db is of a newer fundtui (format 99" in out
    assert "nothing is written to it" in out
    before = path.read_bytes()
    # Of the demo's time: the record's own source does not come into it.
    code, _, error = run("collect", "--source", "demo", "--for", "20s")
    assert code == 1
    assert "Not recording: state.db is of a newer fundtui (format 99, this one knows" in error
    assert path.read_bytes() == before
    assert run("history", "BTC", "alpha", "--since", "10000d")[0] == 0


def test_an_export_has_five_minute_quotes_once_whole_polls_are_gone(run: Run, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "record", now_ms=START_MS)
    later = START_MS + 100 * HOUR_MS
    store.append([batch(later)])
    for _ in store.compact(later):
        pass
    store.close()
    _, out, _ = run("export", "quotes", "--asset", "BTC", "--venue", "alpha", "--from", FROM, "--to", TO)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 91
    told = [row for row in rows[:-1] if row["mark"]]
    # One of five samples is the last of its five minutes.
    minutes = [(int(row["observed_ms"]) - START_MS) / 60_000 for row in told]
    assert minutes == [4 + 5 * step for step in range(18)]
    sent = batch(int(told[3]["observed_ms"])).quotes[0]
    assert (float(told[3]["mark"]), float(told[3]["oi_usd"])) == (sent.mark, sent.oi_usd)
    assert told[3]["premium"] == ""
    assert rows[-1]["mark"]
    _, out, _ = run("history", "BTC", "alpha", "--since", "10000d")
    assert any(line.startswith("open interest") for line in out.splitlines())
