"""The template, the JSON schema, what is in force, secrets, and the interface's own file."""

from __future__ import annotations

import json
import re
import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundtui.config import ConfigError, Settings, create_private, load
from fundtui.config.kinds import Kind, Seconds, WrongValue, read, write
from fundtui.config.secret import Secret, SecretError, token_of, url_of
from fundtui.config.show import default_toml, json_schema, settings_in_force, without_secrets
from fundtui.config.state import carry_out, plan, save
from fundtui.units import Basis


def file(folder: Path, text: str, name: str = "config.toml", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_template_is_valid_and_says_the_defaults(tmp_path: Path) -> None:
    template = default_toml()
    assert load(file(tmp_path, template), {}).settings == Settings()
    # With every comment of a setting removed it says the same, so that the defaults it shows are the real ones.
    open_settings = re.sub(r"^# (\w+ = .*)$", r"\1", template, flags=re.MULTILINE)
    open_settings = re.sub(r"^# \[(.+)\]$(\n.+)*", "", open_settings, flags=re.MULTILINE)
    found = load(file(tmp_path, _without_examples(open_settings)), {})
    assert found.settings == Settings()
    assert len(found.origins) > 25


def _without_examples(text: str) -> str:
    return "\n\n".join(block for block in text.split("\n\n") if not block.startswith(("# [", "assets", "where")))


def test_the_examples_of_the_template_are_right(tmp_path: Path) -> None:
    blocks = [block for block in default_toml().split("\n\n") if block.startswith("# [")]
    assert len(blocks) >= 5
    text = "\n".join(re.sub(r"^# ?", "", line) for block in blocks for line in block.splitlines())
    settings = load(file(tmp_path, text), {}).settings
    assert settings.alerts.rules["wide-spread"].wait == 300.0
    assert settings.positions["hedge"].size == 0.5


def test_a_new_file_is_private_and_an_old_one_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    create_private(path, b"# hello\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        create_private(path, b"other")
    assert path.read_text() == "# hello\n"


def test_the_json_schema_knows_named_tables_and_written_numbers() -> None:
    schema = json_schema()
    json.dumps(schema)
    definitions = schema["$defs"]
    assert definitions["Venues"]["additionalProperties"] == {"$ref": "#/$defs/VenueSettings"}
    assert "named" not in definitions["Venues"]["properties"]
    assert definitions["Display"]["additionalProperties"] is False
    timeout = definitions["Polling"]["properties"]["timeout"]
    assert (timeout["type"], timeout["default"]) == ("string", "10s")
    assert "minimum" not in timeout
    assert definitions["Display"]["properties"]["fps"]["maximum"] == 60
    assert "for" in definitions["AlertRule"]["properties"]


def test_what_is_in_force_is_shown_with_its_origin_and_without_secrets(tmp_path: Path) -> None:
    text = """\
[polling]
proxy = "http://user:hunter2@proxy.example:8080"
[venues.okx]
poll = "1m30s"
[notify.ntfy]
url = "https://n.example/topic-hunter2"
token = "hunter2"
[notify.hook]
kind = "exec"
command = ["send", "--key=hunter2"]
"""
    found = load(file(tmp_path, text), {"FUNDTUI_DISPLAY__FPS": "20"})
    shown = {setting.key: (setting.value, str(setting.origin)) for setting in settings_in_force(found)}
    assert shown["display.fps"] == ("20", "FUNDTUI_DISPLAY__FPS")
    assert shown["display.theme"] == ('"dusk"', "default")
    assert shown["venues.okx.poll"] == ('"1m30s"', f"{tmp_path}/config.toml:4")
    assert shown["notify.ntfy.token"][0] == '"***"'
    assert shown["notify.ntfy.url"][0] == '"https://n.example/***"'
    assert shown["polling.proxy"][0] == '"http://proxy.example:8080/***"'
    assert "venues.okx.enabled" not in shown
    assert "hunter2" not in repr(shown)
    assert without_secrets("https://[") == "***"


def test_secrets_come_from_variables_files_and_commands(tmp_path: Path) -> None:
    private = file(tmp_path, " from-file\n", "token")
    assert Secret("t", inline="a").resolve({}) == "a"
    assert Secret("t", variable="V").resolve({"V": "b"}) == "b"
    assert Secret("t", file=str(private)).resolve({}) == "from-file"
    assert Secret("t", file="token").resolve({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "from-file"
    assert Secret("t", command=(sys.executable, "-c", "print('from-command')")).resolve({}) == "from-command"
    assert repr(Secret("t", inline="a")) == str(Secret("t", inline="a")) == "***"
    assert not Secret("t")


def test_secrets_that_cannot_be_had_say_why_and_not_what(tmp_path: Path) -> None:
    file(tmp_path, "hunter2", "open", mode=0o640)
    cases = [
        (Secret("token of x", variable="V"), "token of x: V is empty"),
        (Secret("token of x", file=str(tmp_path / "none")), "cannot be read"),
        (Secret("token of x", file=str(tmp_path / "open")), "others may use"),
        (Secret("token of x", command=("/nonexistent",)), "No such file"),
        (Secret("token of x", command=(sys.executable, "-c", "print('hunter2'); raise SystemExit(3)")), "ended with 3"),
        (Secret("token of x"), "is not set"),
    ]
    for secret, message in cases:
        with pytest.raises(SecretError, match=message) as caught:
            secret.resolve({})
        assert "hunter2" not in str(caught.value)


def test_a_sinks_secrets(tmp_path: Path) -> None:
    text = '[notify.slack]\nurl_env = "HOOK"\n[notify.ntfy]\nurl = "https://n.example/a"\ntoken_env = "T"\n'
    sinks = load(file(tmp_path, text), {}).settings.notify.sinks
    assert url_of("slack", sinks["slack"]).resolve({"HOOK": "https://h"}) == "https://h"
    assert token_of("ntfy", sinks["ntfy"]).resolve({"T": "t"}) == "t"
    assert not token_of("slack", sinks["slack"])


def test_the_interface_keeps_its_changes_beside_the_users_file(tmp_path: Path) -> None:
    path = file(tmp_path, '[display]\ntheme = "tide"\n# mine\n[watchlists.mine]\nassets = ["BTC"]\n')
    before = path.read_bytes()
    state = tmp_path / "state.toml"
    save(state, {"display.theme": "paper", "watchlists.mine.columns": ("asset", "z"), "watchlists.new.assets": ["WIF"]})
    save(state, {"display.rate_basis": Basis.HOURLY})
    settings = load(path, {}).settings
    assert (settings.display.theme, settings.display.rate_basis) == ("paper", Basis.HOURLY)
    assert settings.watchlists["mine"].assets == ("BTC",)
    assert settings.watchlists["mine"].columns == ("asset", "z")
    assert settings.watchlists["new"].assets == ("WIF",)
    assert path.read_bytes() == before
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    save(state, {"display.theme": None, "watchlists.new": None})
    settings = load(path, {}).settings
    assert settings.display.theme == "tide"
    assert set(settings.watchlists) == {"mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "state.toml"]


def test_only_the_interfaces_own_settings_are_kept(tmp_path: Path) -> None:
    for key in ("polling.proxy", "display.nothing", "notify.ntfy.token", "watchlists"):
        with pytest.raises(ValueError, match="does not keep"):
            save(tmp_path / "state.toml", {key: "x"})


def test_a_broken_state_file_is_kept_aside_and_never_in_the_way(tmp_path: Path) -> None:
    state = file(tmp_path, "[[[", "state.toml")
    assert save(state, {"display.theme": "tide"}) == tmp_path / "state.toml.broken-1"
    assert (tmp_path / "state.toml.broken-1").read_text() == "[[["
    assert load(file(tmp_path, ""), {}).settings.display.theme == "tide"
    state.write_bytes(b"\xff\xfe")
    assert save(state, {"display.fps": 3}) == tmp_path / "state.toml.broken-2"
    assert (tmp_path / "state.toml.broken-1").read_text() == "[[["
    assert save(state, {"display.fps": 4}) is None


def test_a_state_file_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    state = file(tmp_path, "[display]\nfps = 3\n", "state.toml")
    state.chmod(0o666)
    with pytest.raises(ConfigError, match="others may write"):
        save(state, {"display.fps": 4})
    assert state.read_text() == "[display]\nfps = 3\n"


def test_a_plan_says_what_will_be_written_and_writes_nothing(tmp_path: Path) -> None:
    state = file(tmp_path, "[display]\nfps = 3\n", "state.toml")
    planned = plan(state, {"display.theme": "tide", "display.fps": None})
    assert planned.before == state.read_text() == "[display]\nfps = 3\n"
    assert planned.after == '[display]\ntheme = "tide"\n'
    carry_out(planned)
    assert state.read_text() == planned.after


@pytest.mark.parametrize(("name", "width", "wrong"), [("spread", 2, "3 to 40"), ("sprad", 9, "did you mean spread")])
def test_widths_are_checked(tmp_path: Path, name: str, width: int, wrong: str) -> None:
    for table in ("[display.widths]", "[watchlists.mine.widths]"):
        with pytest.raises(ConfigError, match=wrong):
            load(file(tmp_path, f"{table}\n{name} = {width}\n"), {})


@given(st.integers(0, 10_000_000))
def test_written_durations_read_back(seconds: int) -> None:
    text = write(float(seconds), Kind.DURATION)
    assert read(text, Seconds) == seconds
    assert tomllib.loads(f'x = "{text}"')["x"] == text


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (5400.0, Kind.DURATION, "1h30m"),
        (0.0, Kind.DURATION, "0s"),
        (1.5, Kind.DURATION, "1.5s"),
        (0.00045, Kind.PERCENT, "0.045%"),
        (-0.0001, Kind.PERCENT, "-0.01%"),
        (250_000.0, Kind.MONEY, "250k"),
        (1_500_000_000.0, Kind.MONEY, "1.5B"),
        (123.0, Kind.MONEY, "123"),
    ],
)
def test_numbers_are_written_short(number: float, kind: Kind, text: str) -> None:
    assert write(number, kind) == text


@pytest.mark.parametrize("value", [15, True, "15", "", "inf", None, [], "1h 30m"])
def test_durations_need_a_unit(value: object) -> None:
    with pytest.raises(WrongValue, match="expected a duration"):
        read(value, Seconds)
