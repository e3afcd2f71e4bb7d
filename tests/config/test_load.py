"""Loading: precedence, origins, and every problem told at once with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fundtui.config import ConfigError, Inputs, Layer, Loaded, Watcher, changed, load
from fundtui.config.schema import Display
from fundtui.status import Severity
from fundtui.units import Basis

FULL = """\
# a comment
[display]
rate_basis = "8h"            # shown per 8 hours
theme = "tide"

[watchlists.majors]
assets = [
  "BTC",                     # brackets ] in a comment
  "ETH", "SOL",
]
[watchlists.wide]
where = 'spread > 25% and oi > 20M'
sort = "-spread"
columns = ["asset", "price", "consensus", "spread", "long", "short", "breakeven", "trend"]

[venues]
disable = ["mexc"]
[venues.binance]
poll = "15s"
taker_fee = "0.045%"

[carry]
quote_rate = "4.5%"
base_yields = { ETH = "3%", SOL = "6%" }

[alerts.wide-spread]
when = "spread > 25% and breakeven < 3d"
for = "5m"
severity = "warning"
notify = ["terminal", "ntfy"]
[notify.ntfy]
url = "https://ntfy.example/desk"
token_env = "NTFY_TOKEN"
"""
SECTIONS = "display, watchlists, venues, polling, costs, carry, alerts, notify, history, positions"
SINKS = "terminal, webhook, ntfy, slack, discord, telegram, exec, syslog, file"


def write(folder: Path, text: str, name: str = "config.toml", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def loaded(folder: Path, text: str, environment: dict[str, str] | None = None, **flags: object) -> Loaded:
    return load(write(folder, text), environment or {}, {key.replace("__", "."): value for key, value in flags.items()})


def problems(folder: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, environment)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_an_absent_file_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = load(None, {})
    assert found.settings.display == Display()
    assert found.path == tmp_path / "fundtui" / "config.toml"
    assert found.warnings == ()
    assert found.origins == {}


def test_a_file_asked_for_by_name_must_exist(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file"):
        load(missing, {})
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file"):
        load(None, {"FUNDTUI_CONFIG": str(missing)})


def test_values_are_read_in_their_units(tmp_path: Path) -> None:
    settings = loaded(tmp_path, FULL).settings
    assert settings.display.rate_basis is Basis.EIGHT_HOURS
    assert settings.watchlists["majors"].assets == ("BTC", "ETH", "SOL")
    assert settings.watchlists["wide"].where == "spread > 25% and oi > 20M"
    assert settings.venues.disable == ("mexc",)
    assert settings.venues.named["binance"].poll == 15.0
    assert settings.venues.named["binance"].taker_fee == pytest.approx(0.00045)
    assert settings.venues.named["binance"].maker_fee is None
    assert settings.carry.quote_rate == pytest.approx(0.045)
    assert settings.carry.base_yields == {"ETH": pytest.approx(0.03), "SOL": pytest.approx(0.06)}
    rule = settings.alerts.rules["wide-spread"]
    assert (rule.wait, rule.severity, rule.notify) == (300.0, Severity.WARNING, ("terminal", "ntfy"))
    assert settings.notify.sinks["ntfy"].url == "https://ntfy.example/desk"
    assert settings.costs.size_usd == 10_000.0


def test_file_is_weaker_than_state_than_environment_than_flags(tmp_path: Path) -> None:
    write(tmp_path, '[display]\ntheme = "paper"\nfps = 7\nsort = "z"\n', "state.toml")
    found = loaded(
        tmp_path,
        '[display]\ntheme = "tide"\nfps = 5\nsort = "-z"\nwatchlist = ""\nrate_basis = "8h"\n',
        {"FUNDTUI_DISPLAY__FPS": "30", "FUNDTUI_DISPLAY__RATE_BASIS": "apr"},
        display__rate_basis="1h",
    )
    display = found.settings.display
    assert (display.rate_basis, display.fps, display.theme, display.sort) == (Basis.HOURLY, 30, "paper", "z")
    layers = {key: origin.layer for key, origin in found.origins.items()}
    assert layers == {
        "display.theme": Layer.STATE,
        "display.fps": Layer.ENVIRONMENT,
        "display.sort": Layer.STATE,
        "display.watchlist": Layer.FILE,
        "display.rate_basis": Layer.FLAG,
    }
    assert str(found.origins["display.watchlist"]) == f"{tmp_path}/config.toml:5"
    assert str(found.origins["display.fps"]) == "FUNDTUI_DISPLAY__FPS"
    assert str(found.origins["display.rate_basis"]) == "--rate-basis"
    assert str(found.origins["display.theme"]) == f"{tmp_path}/state.toml:2"


def test_variables_set_lists_tables_and_named_tables(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        FULL,
        {
            "FUNDTUI_VENUES__DISABLE": "okx, gate",
            "FUNDTUI_VENUES__KRAKEN_FUTURES__POLL": "1m",
            "FUNDTUI_WATCHLISTS__MAJORS__ASSETS": '["BTC"]',
            "FUNDTUI_WATCHLISTS__MINE__ASSETS": "WIF,PEPE",
            "FUNDTUI_ALERTS__WIDE_SPREAD__FOR": "10m",
            "FUNDTUI_CARRY__BASE_YIELDS": '{ BTC = "1%" }',
            "FUNDTUI_DISPLAY__SLOW": "true",
            "FUNDTUI_COSTS__SIZE_USD": "250k",
            "FUNDTUI_REQUIRE_RECORDINGS": "1",
            "OTHER": "x",
        },
    ).settings
    assert settings.venues.disable == ("okx", "gate")
    assert settings.venues.named["kraken-futures"].poll == 60.0
    assert settings.venues.named["binance"].poll == 15.0
    assert settings.watchlists["majors"].assets == ("BTC",)
    assert settings.watchlists["mine"].assets == ("WIF", "PEPE")
    assert settings.alerts.rules["wide-spread"].wait == 600.0
    assert settings.alerts.rules["wide-spread"].when.startswith("spread")
    assert settings.carry.base_yields == {"BTC": pytest.approx(0.01)}
    assert settings.display.slow is True
    assert settings.costs.size_usd == 250_000.0


def test_wrong_variables_are_named(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        "",
        {
            "FUNDTUI_DISPLAY__FPS": "many",
            "FUNDTUI_DISPLAY__THEMA": "x",
            "FUNDTUI_DISPLY__THEME": "x",
            "FUNDTUI_WATCHLISTS__A__WHERE": "spred > 1",
        },
    ) == [
        "FUNDTUI_DISPLAY__THEMA: unknown setting, did you mean THEME?",
        "FUNDTUI_DISPLY__THEME: unknown section disply, did you mean display?",
        'FUNDTUI_DISPLAY__FPS: expected a whole number from 1 to 60, not "many"',
        "FUNDTUI_WATCHLISTS__A__WHERE: column 1: no metric 'spred' per asset, did you mean spread?",
    ]


def test_a_wrong_flag_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--rate-basis: expected one of 1h, 8h, apr, not \"daily\"$"):
        loaded(tmp_path, "", display__rate_basis="daily")
    with pytest.raises(ValueError, match="no setting"):
        loaded(tmp_path, "", display__nothing="daily")


def test_all_problems_are_told_at_once_with_line_and_advice(tmp_path: Path) -> None:
    text = """\
rate_basis = "apr"
[display]
rate_bassis = "apr"
theme = 5
fps = 500
glyphs = "emoji"
color = ["never"]

[watchlists.wide]
where = "spred > 25%"
sort = "-sprad"
columns = ["asset", "prize"]
[venues]
disable = ["binanse"]
[venues.okx]
poll = 15
taker_fee = "4"
[alerts.a]
when = "spread > 10M"
for = "soon"
notify = ["pager"]
only = "wid"
[alerts.b]
severity = "warning"
[notify.desk]
url = "https://x.example"
[notify.slack]
url = "http://hooks.example/x"
[positions.p]
venue = "okx"
side = "flat"
[colours]
up = "green"
"""
    assert problems(tmp_path, text) == [
        "config.toml:1: rate_basis: unknown key here, it belongs in [display]",
        "config.toml:3: display.rate_bassis: unknown key, did you mean rate_basis?",
        "config.toml:4: display.theme: expected text in quotes, not 5",
        "config.toml:5: display.fps: expected a whole number from 1 to 60, not 500",
        'config.toml:6: display.glyphs: expected one of auto, unicode, ascii, not "emoji"',
        "config.toml:7: display.color: expected one of auto, never, not a list",
        "config.toml:10: watchlists.wide.where: column 1: no metric 'spred' per asset, did you mean spread?",
        "config.toml:11: watchlists.wide.sort: no metric 'sprad' per asset, did you mean spread?",
        "config.toml:12: watchlists.wide.columns: there is no column prize, did you mean price?",
        "config.toml:14: venues.disable: there is no venue binanse, did you mean binance?",
        'config.toml:16: venues.okx.poll: expected a duration such as "15s", "5m" or "8h", not 15',
        'config.toml:17: venues.okx.taker_fee: expected a percentage such as "0.045%" or "4.5bp", not "4"',
        "config.toml:19: alerts.a.when: column 10: spread is a percentage, but 10M is an amount",
        'config.toml:20: alerts.a.for: expected a duration such as "15s", "5m" or "8h", not "soon"',
        "config.toml:21: alerts.a.notify: there is no sink pager, known are desk, slack, terminal",
        "config.toml:22: alerts.a.only: there is no watchlist wid, did you mean wide?",
        "config.toml:23: alerts.b: when is missing",
        "config.toml:25: notify.desk: kind is missing: one of " + SINKS,
        "config.toml:28: notify.slack.url: expected an address that begins with https://",
        'config.toml:31: positions.p.side: expected one of long, short, not "flat"',
        "config.toml:32: colours: unknown key, known are " + SECTIONS,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[display]\ntheme = 'a\n", "config.toml:2: is not valid TOML"),
        ("[display]\n[display]\n", "config.toml:2: is not valid TOML: cannot declare"),
        ("a = " + "[\n" * 5000, "is nested too deeply"),
        ("x" * 3000 + " = 1", "config.toml:1: a line is longer than 2000 characters"),
        ("# filler\n" * 8000, "config.toml: is larger than 64 KiB"),
        ("display = 5", "config.toml:1: display: expected a table [display], not 5"),
        ("[watchlists]\nmajors = 5", "expected a table [watchlists.NAME], not 5"),
        ('[watchlists."a\\u001bb"]', "names are made of letters"),
        ("[costs]\nimpact = nan", "config.toml:2: costs.impact: expected a number from 0 to 5, not nan"),
        ('[venues.okx]\npoll = "0.2s"', "from 1s to 1h, not 0.2s"),
        ('[polling]\nproxy = "ftp://x"', "begins with http:// or https:// or socks5://"),
        ('[venues.okx]\nbase_url = "https://[x"', "begins with http:// or https://"),
        ('[notify.ntfy]\nurl = "https://x.example"\nurl_env = "X"', "config.toml:3: notify.ntfy.url_env: url and"),
        ("[notify.telegram]\nchat = '1'", "token is missing"),
        ("[notify.exec]", "command is missing"),
        ("[notify.file]", "path is missing"),
        ('[alerts.a]\nwhen = "spread > 1%"\nclear = "spred > 1%"', "config.toml:3: alerts.a.clear: column 1"),
        ("[positions.p]\nvenue = 'okx'\nsymbol = 'X'\nside = 'long'", "size is missing"),
    ],
)
def test_bad_files_are_refused_with_a_reason(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in line for line in problems(tmp_path, text)), problems(tmp_path, text)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"[display]\ntheme = '\xff'\n")
    with pytest.raises(ConfigError, match=":2: is not UTF-8"):
        load(path, {})


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="others may write to it"):
        load(write(tmp_path, "", mode=mode), {})


def test_a_folder_or_a_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (tmp_path, pipe):
        with pytest.raises(ConfigError, match="not a file"):
            load(path, {})


def test_secrets_in_the_file_are_warned_about(tmp_path: Path) -> None:
    text = '[notify.ntfy]\nurl = "https://n.example/desk"\ntoken = "tk_secret"\n'
    (warning,) = load(write(tmp_path, text, mode=0o644), {}).warnings
    assert "notify.ntfy" in warning
    assert "chmod 600" in warning
    assert "tk_secret" not in warning
    (warning,) = load(write(tmp_path, text), {}).warnings
    assert "token_env" in warning
    assert load(write(tmp_path, text.replace("token =", "token_env ="), mode=0o644), {}).warnings == ()


def test_a_rule_without_a_condition_must_be_a_built_in_one(tmp_path: Path) -> None:
    path = write(tmp_path, '[alerts.purge]\nfor = "1m"\n[alerts.purg]\nenabled = false\n')
    with pytest.raises(ConfigError) as caught:
        load(path, {}, {}, frozenset({"purge", "crowding"}))
    (problem,) = caught.value.problems
    assert problem.text == "when is missing, or did you mean the built-in rule purge?"
    assert problem.line == 3


def test_a_broken_state_file_never_keeps_the_program_from_starting(tmp_path: Path) -> None:
    path = write(tmp_path, '[display]\ntheme = "tide"\n')
    for broken in ("[[[", '[display]\ntheme = 5\nsort = "nothing"\n', '[watchlists.a]\nwhere = "x >"\n', "\x00"):
        write(tmp_path, broken, "state.toml")
        found = load(path, {})
        assert found.settings.display == Display(theme="tide")
        assert found.warnings
        assert all("(ignored)" in warning for warning in found.warnings)


def test_settings_that_are_none_any_more_are_passed_over_with_a_word(tmp_path: Path) -> None:
    found = loaded(
        tmp_path, '[display]\ntheme = "tide"\nnumbers = "full"\ntimes = 5\n', {"FUNDTUI_DISPLAY__TIMES": "local"}
    )
    assert found.settings.display == Display(theme="tide")
    said = [warning.replace(f"{tmp_path}/", "") for warning in found.warnings]
    amounts = "no setting any more: amounts are always written short, as in 19.9B; exports have all digits (ignored)"
    times = "no setting any more: times are always UTC, as venues settle (ignored)"
    assert said == [
        f"config.toml:3: display.numbers: {amounts}",
        f"config.toml:4: display.times: {times}",
        f"FUNDTUI_DISPLAY__TIMES: {times}",
    ]


def test_edits_are_noticed_and_a_broken_one_keeps_the_last_good(tmp_path: Path) -> None:
    path = write(tmp_path, '[display]\ntheme = "tide"\n')
    watcher = Watcher(Inputs(path=path))
    assert not watcher.poll()
    assert not changed(watcher.loaded)
    write(tmp_path, '[display]\ntheme = "paper and more"\n')
    assert changed(watcher.loaded)
    assert watcher.poll()
    assert watcher.loaded.settings.display.theme == "paper and more"
    write(tmp_path, '[display]\ntheme = "unfinished\n')
    assert watcher.poll()
    assert watcher.loaded.settings.display.theme == "paper and more"
    assert [problem.line for problem in watcher.problems] == [2]
    assert not watcher.poll()
    path.unlink()
    assert watcher.poll()
    assert "no such file" in str(watcher.problems[0])
    write(tmp_path, '[display]\ntheme = "dusk"\n')
    write(tmp_path, "[display]\nfps = 3\n", "state.toml")
    assert watcher.poll()
    assert watcher.problems == ()
    assert (watcher.loaded.settings.display.theme, watcher.loaded.settings.display.fps) == ("dusk", 3)
