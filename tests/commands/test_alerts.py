"""Commands about alerts: rules, notify, silence, ack, watch; and a real collector that is killed while it works."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from fundtui.alerts import requests
from fundtui.alerts.defaults import DEFAULTS
from fundtui.alerts.sqlite_store import SqliteStore
from tests.alerts.receiver import Receiver
from tests.commands.conftest import Command

ROOT = Path(__file__).parents[2]


def configure(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config" / "fundtui" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


def test_rules_are_listed_with_their_state(fundtui: Command, tmp_path: Path) -> None:
    configure(tmp_path, '[alerts.spread]\nenabled = false\n[alerts.mine]\nwhen = "z > 5"\n')
    listed = {one["rule"]: one for one in json.loads(fundtui("rules", "--format", "json").out)}
    assert set(listed) == {text.name for text in DEFAULTS} | {"mine"}
    assert listed["spread"]["state"] == "off"
    assert listed["crowding"]["state"] == "quiet"
    assert listed["mine"]["state"] == "on"
    assert "at-cap" in fundtui("rules").out


def test_a_rule_that_is_unknown_or_has_no_record(fundtui: Command) -> None:
    assert fundtui("rules", "test", "no-such-rule").code == 2
    outcome = fundtui("rules", "test", "spread")
    assert outcome.code == 1
    assert "no record" in outcome.err


def test_notify_proves_each_sink(fundtui: Command, tmp_path: Path) -> None:
    with Receiver() as receiver:
        configure(
            tmp_path,
            f'[notify.hook]\nkind = "webhook"\nurl = "{receiver.url}"\nallow_http = true\nallow_private = true\n'
            f'[notify.lines]\nkind = "file"\npath = "{tmp_path / "lines"}"\n'
            '[notify.closed]\nkind = "webhook"\nurl = "http://127.0.0.1:9"\nallow_http = true\nallow_private = true\n',
        )
        assert fundtui("notify", "test", "hook").code == 0
        ((_, key, body),) = receiver.taken
        assert json.loads(body)["key"] == key
        assert json.loads(body)["status"] == "test"
        assert fundtui("notify", "test", "lines").code == 0
        assert "this sink works" in (tmp_path / "lines").read_text()
        outcome = fundtui("notify", "test", "closed")
        assert outcome.code == 1
        assert outcome.out.startswith("closed: ")
        assert fundtui("notify", "test", "nowhere").code == 2


def test_a_sink_inside_the_network_needs_leave(fundtui: Command, tmp_path: Path) -> None:
    with Receiver() as receiver:
        configure(tmp_path, f'[notify.hook]\nkind = "webhook"\nurl = "{receiver.url}"\nallow_http = true\n')
        outcome = fundtui("notify", "test", "hook")
        assert (outcome.code, receiver.taken) == (1, [])
        assert "allow_private" in outcome.out


def test_a_silence_is_asked_for_and_says_what_it_covers(fundtui: Command, tmp_path: Path) -> None:
    assert fundtui("silence", "add").code == 2
    outcome = fundtui("silence", "add", "--asset", "WIF*", "--for", "2h", "--reason", "known")
    assert outcome.code == 0
    assert "asset=WIF* quiet for 2h" in outcome.out
    ((_, request),) = requests.waiting(tmp_path / "data" / "fundtui")
    assert isinstance(request, requests.AddSilence)
    assert (request.silence.asset, request.silence.reason) == ("WIF*", "known")
    assert request.silence.until_ms - request.silence.from_ms == 7_200_000
    later = fundtui("silence", "add", "--venue", "okx", "--in", "1h", "--for", "2h")
    assert "venue=okx quiet for 2h, from 20" in later.out, "a maintenance window says when it begins"
    assert fundtui("silence", "lift", "nothing").code == 2
    assert fundtui("ack", "spread WIF").code == 2


def collector(tmp_path: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")
    }  # fmt: skip
    words = [sys.executable, "-m", "fundtui.cli", "collect", "--source", "demo", "--speed", "5"]
    return subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def test_a_collector_that_is_killed_loses_no_notice(tmp_path: Path) -> None:
    source = random.Random(6)
    with Receiver(errors=0.1, lost=0.05) as receiver:
        configure(
            tmp_path,
            '[alerts]\ndefaults = false\nnotify = ["hook"]\ngroup_wait = "0s"\n'
            '[alerts.hot]\nwhen = "abs(apr) >= 60%"\nlevel = "instrument"\ngroup = "asset"\n'
            f'[notify.hook]\nkind = "webhook"\nurl = "{receiver.url}"\nallow_http = true\nallow_private = true\n'
            'per_minute = 60\nper_hour = 3600\ntimeout = "10s"\n',
        )
        state = tmp_path / "data" / "fundtui" / "state.db"
        made: set[str] = set()
        for _ in range(4):
            process = collector(tmp_path)
            time.sleep(source.uniform(2.5, 4.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            if state.exists():
                store = SqliteStore(state, now_ms=0, writable=False)
                made |= {key for (key,) in store._database.rows("SELECT key FROM delivery")}
                store.close()
        process = collector(tmp_path)
        time.sleep(4.0)  # it has begun, and takes an interrupt as one
        until = time.monotonic() + 60
        while made - {key for _, key, _ in receiver.taken} and time.monotonic() < until:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        taken = {key for _, key, _ in receiver.taken}
    assert len(made) > 5
    assert made - taken == set()
