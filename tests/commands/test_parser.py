"""The parser describes only the command that is asked for; what it reads is the same."""

from __future__ import annotations

import pytest

from fundtui.commands.parser import COMMANDS, _build, parse

CALLS = [
    [],
    ["--theme", "demo", "--read-only"],
    ["--config", "x.toml", "snapshot", "--limit", "3"],
    ["demo"],
    ["demo", "--seed", "3", "--basis", "8h"],
    ["replay", "--record", "x", "--speed", "60"],
    ["export", "quotes", "--from", "2026-01-01", "--record", "x", "--format", "ndjson"],
    ["history", "BTC", "--record", "x"],
    ["config", "show", "--config", "x.toml"],
    ["snapshot", "--venue", "binance", "--where", "apr > 1"],
    ["doctor"],
]


@pytest.mark.parametrize("argv", CALLS, ids=" ".join)
def test_reads_what_the_parser_of_all_commands_reads(argv: list[str]) -> None:
    expected = _build().parse_args(argv)
    expected.command = expected.command or "interface"
    assert parse(argv) == expected


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_an_unknown_command_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["dmo"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "'demo'" in said
    assert "'doctor'" in said
