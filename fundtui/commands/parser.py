"""The words and flags of every command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from fundtui import __version__
from fundtui.commands.errors import USAGE
from fundtui.commands.moments import moment
from fundtui.units import parse_duration

LEVELS = ("asset", "instrument", "pair", "venue")
FORMATS = ("table", "json", "csv", "ndjson")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is."""

    def error(self, message: str) -> Any:
        self.exit(USAGE, f"fundtui: {message} (see `{self.prog} --help`)\n")


class _Command(NamedTuple):
    """A command: what it does, its arguments, and whether it takes those that name a market."""

    summary: str
    fill: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    market: bool = False


def parse(argv: list[str]) -> argparse.Namespace:
    """The arguments of one call. `command` names the module that runs it. Exits with 2 on wrong usage."""
    arguments = _build(_asked(argv)).parse_args(argv)
    arguments.command = arguments.command or "interface"
    return arguments


def _asked(argv: list[str]) -> Collection[str]:
    """The commands whose arguments are needed to read these words: those of all take every start 10 ms."""
    if not argv or argv[0] in COMMANDS:
        return argv[:1]
    return COMMANDS


def _build(asked: Collection[str] | None = None) -> argparse.ArgumentParser:
    """The parser of these commands; None: of all."""
    common = _common()
    parser = _Parser(
        prog="fundtui",
        parents=[common],
        description="Watch the funding-rate imbalances of perpetual futures. Without a command: the live interface.",
    )
    parser.add_argument("--version", action="version", version=f"fundtui {__version__}")
    _interface_flags(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, (summary, fill, market) in COMMANDS.items():
        if asked is None or name in asked:
            parents = [common, _market()] if market else [common]
            fill(commands.add_parser(name, help=summary, description=summary, parents=parents))
    return parser


def _common() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration file")
    common.add_argument("--no-color", action="store_true", default=argparse.SUPPRESS, help="no colour in output")
    return common


def _market() -> _Parser:
    market = _Parser(add_help=False)
    _source_flag(market)
    market.add_argument("--venue", action="append", dest="venues_only", metavar="NAME", help="only these venues")
    market.add_argument("--seed", type=int, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return market


def _source_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        default=argparse.SUPPRESS,
        metavar="live|demo|URL|record:PATH",
        help="where the market comes from; URL is a base that holds every venue under its name",
    )


def _interface_flags(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(venues_only=None)
    if parser.prog == "fundtui":
        _source_flag(parser)
        parser.add_argument(
            "--read-only",
            action="store_true",
            help="look on at the record that another fundtui keeps: never ask a venue, also when that one ends",
        )
    parser.add_argument("--watchlist", metavar="NAME", default=argparse.SUPPRESS, help="start with this watchlist")
    parser.add_argument("--theme", metavar="NAME", default=argparse.SUPPRESS, help="colours")
    parser.add_argument("--basis", choices=("1h", "8h", "apr"), default=argparse.SUPPRESS, help="how rates are shown")
    parser.add_argument("--no-mouse", action="store_true", default=argparse.SUPPRESS, help="leave the mouse alone")


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=argparse.SUPPRESS, help="number that fixes the market (default 7)")
    parser.add_argument("--speed", type=_speed, default=argparse.SUPPRESS, help="times real time (default 1)")
    parser.add_argument("--scenario", metavar="NAME", default=argparse.SUPPRESS, help="what happens first")
    _interface_flags(parser)


def _snapshot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.add_argument("--level", choices=LEVELS, default="asset")
    parser.add_argument("--watchlist", metavar="NAME", default=argparse.SUPPRESS)
    parser.add_argument("--where", metavar="EXPR", help="only rows for which this holds")
    parser.add_argument("--sort", metavar="KEY", help="a metric; -KEY for the largest first")
    parser.add_argument("--columns", metavar="A,B", help="metrics to print")
    parser.add_argument("--limit", type=_positive, metavar="N")
    parser.add_argument("--wait", type=_duration, default=20.0, metavar="20s", help="how long to wait for venues")
    parser.add_argument("--fail-on", metavar="EXPR", help="exit with 3 if this holds for any row")
    parser.add_argument("--basis", choices=("1h", "8h", "apr"), default=argparse.SUPPRESS)


def _collect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=_speed, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--for", type=_duration, dest="duration", metavar="2m", help="end after that long")


def _backfill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assets", nargs="*", metavar="ASSET", help="only these; all without")
    parser.add_argument("--since", type=_duration, metavar="90d", help="how far back (default history.backfill)")
    parser.add_argument("--wait", type=_duration, default=20.0, metavar="20s", help="how long to wait for venues")


def _history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", nargs="?", help="without one: what the record has, and for how long")
    parser.add_argument("venue", metavar="VENUE", nargs="?")
    parser.add_argument("--since", type=_duration, default=7 * 86_400.0, metavar="7d", help="how far back")
    parser.add_argument("--limit", type=_positive, metavar="N", help="only the last N rows")
    parser.add_argument("--basis", choices=("1h", "8h", "apr"), default=argparse.SUPPRESS)
    parser.add_argument("--format", choices=FORMATS, default="table")
    _until(parser)
    _other_record(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("quotes", "settlements", "metrics", "events"), metavar="WHAT")
    parser.add_argument("--from", type=moment, dest="start", default="1d", metavar="TIME", help="default a day ago")
    parser.add_argument("--format", choices=("csv", "ndjson", "parquet"), default="csv")
    parser.add_argument("--output", metavar="FILE", help="instead of standard output")
    parser.add_argument("--asset", metavar="ASSET")
    parser.add_argument("--venue", metavar="VENUE")
    parser.add_argument("--level", choices=("asset", "instrument", "venue", "market"), default="asset", help="metrics")
    parser.add_argument("--every", type=_duration, default=3600.0, metavar="1h", help="metrics: time between rows")
    _until(parser)
    _other_record(parser)


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", type=moment, metavar="TIME", help="where to begin; 2h is two hours ago")
    parser.add_argument("--speed", type=_speed, default=argparse.SUPPRESS, help="times real time (default 1)")
    _interface_flags(parser)
    _other_record(parser)


def _until(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=moment, dest="until", metavar="TIME", help="default now")


def _other_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--record", dest="record_path", metavar="FOLDER", help="another record")


def _watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "ndjson", "tmux"), default="text", help="tmux: one status line")
    parser.add_argument("--since", type=_since, metavar="last|2h", help="first what happened since then; last: unread")
    parser.add_argument("--name", default="default", help="who reads, for `--since last` (default: default)")
    parser.add_argument("--severity", choices=("info", "warning", "critical"), default="info", help="at least this")
    parser.add_argument("--exit-on", choices=("firing",), help="exit with 3 as soon as an alert fires")
    parser.add_argument("--for", type=_duration, dest="duration", metavar="2m", help="end after that long")
    parser.add_argument("--bell", action="store_true", help="ring also where the output is no terminal")
    parser.add_argument("--record", action="store_true", help="keep a record of what is seen meanwhile")


def _rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("list", "test"), default="list", metavar="list|test")
    parser.add_argument("rule", nargs="?", metavar="RULE", help="test: only this rule")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--since", type=_duration, default=7 * 86_400.0, metavar="7d", help="test: how far back")
    parser.add_argument(
        "--step", type=_duration, metavar="15m", help="test: a poll of each venue per step; 0s: every poll on record"
    )
    _source_flag(parser)
    parser.add_argument("--seed", type=int, default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _notify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("test",), metavar="test")
    parser.add_argument("sink", nargs="?", metavar="SINK", help="one of [notify]; all without")


def _silence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("add", "list", "lift"), default="list", metavar="add|list|lift")
    parser.add_argument("id", nargs="?", metavar="ID", help="lift: which one")
    for name in ("rule", "subject", "asset", "venue"):
        parser.add_argument(f"--{name}", default="", metavar="PATTERN", help=f"only alerts of this {name}; * is wild")
    parser.add_argument("--for", type=_duration, dest="duration", default=3600.0, metavar="1h", help="how long")
    parser.add_argument("--in", type=_duration, dest="begins", default=0.0, metavar="0s", help="when it begins")
    parser.add_argument("--reason", default="", help="why, for whoever looks later")


def _acknowledge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("alert", metavar="ALERT", help="its id, or RULE SUBJECT as in quotes")


def _venues(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--probe", action="store_true", help="ask every venue once (also those that are off)")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--wait", type=_duration, default=20.0, metavar="20s")


def _normalize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("venue", metavar="VENUE")
    parser.add_argument("answers", nargs="*", metavar="NAME=FILE", help="NAME@KEY=FILE for per-symbol answers")
    parser.add_argument("--at", metavar="TIME", help="when the answers were observed (ISO 8601 or ms; default now)")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET")
    parser.add_argument("venue", metavar="VENUE", nargs="?")
    parser.add_argument("--metric", metavar="KEY", help="only this metric")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--wait", type=_duration, default=20.0, metavar="20s")


def _metrics(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--level", choices=(*LEVELS, "market"))
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("key", nargs="?", metavar="KEY", help="one metric in full")


def _config(parser: argparse.ArgumentParser) -> None:
    common = _common()
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    init = actions.add_parser(
        "init", parents=[common], help="write a commented configuration file, unless there is one"
    )
    init.add_argument("--print", action="store_true", dest="to_stdout", help="to standard output instead")
    show = actions.add_parser("show", parents=[common], help="every setting in force and where it comes from")
    show.add_argument("--format", choices=("table", "json"), default="table")
    actions.add_parser("validate", parents=[common], help="check the file and say what is wrong")
    actions.add_parser("schema", parents=[common], help="the JSON schema of the file")
    actions.add_parser("locate", parents=[common], help="where the file is looked for")


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _since(text: str) -> float | str:
    return text if text == "last" else _duration(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number above 0: {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 100_000:
        raise argparse.ArgumentTypeError(f"not a speed: {text!r} (write 1, 60 or 0.5)")
    return speed


COMMANDS = {
    "demo": _Command("the interface over a simulated market, no network", _demo),
    "snapshot": _Command("one table to standard output, then exit", _snapshot, market=True),
    "watch": _Command("alerts without a screen, a line each, for SSH, pipes, tmux and cron", _watch, market=True),
    "rules": _Command("the alert rules: on, off or waiting, and what they would have done", _rules),
    "notify": _Command("the ways to you: send a test notice through one or all of them", _notify),
    "silence": _Command("keep alerts quiet for a while, list what is quiet, or end it", _silence),
    "ack": _Command("say that an alert has been seen: it is not repeated until it fires anew", _acknowledge),
    "collect": _Command(
        "poll, record and alert without a screen; terminals on this host attach", _collect, market=True
    ),
    "backfill": _Command("fetch settled rates that are missing from the record", _backfill, market=True),
    "history": _Command("settled rates from the record, as a table and a plot", _history),
    "export": _Command("quotes, settlements, metrics or events of a time range", _export),
    "replay": _Command("the interface over the recorded past", _replay),
    "venues": _Command("every venue: state, age, latency, rows, weight used, last error", _venues, market=True),
    "normalize": _Command("run one venue's reader over saved answers", _normalize),
    "explain": _Command("where each figure comes from", _explain, market=True),
    "metrics": _Command("the metric catalogue: what each figure means", _metrics),
    "config": _Command("the configuration: where it is, what it says, whether it is right", _config),
    "doctor": _Command("checks this machine: versions, terminal, folders, proxies, clock"),
}
