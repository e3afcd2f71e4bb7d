"""The whole program in a real terminal, over recorded answers and over the simulated market."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.pty.terminal import Terminal

FUNDTUI = [sys.executable, "-m", "fundtui.cli"]


def private(folder: Path) -> dict[str, str]:
    """Folders of its own, so that nothing of the machine's is read or written."""
    return {name: str(folder / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}


def test_it_shows_recorded_answers_and_asks_for_each_once(recorded: Any, tmp_path: Path) -> None:
    env = private(tmp_path) | {"FUNDTUI_VENUES__ONLY": "dydx,kucoin"}
    with Terminal([*FUNDTUI, "--source", recorded.url], env=env) as terminal:
        terminal.wait_for("BTC")
        terminal.wait_for("2/2 venues")
        terminal.send("q")
        assert terminal.end() == 0
        assert terminal.restored()
    asked = [(entry["venue"], entry["path"], str(entry["query"])) for entry in recorded.log]
    assert asked
    assert len(asked) == len(set(asked))


def test_the_demo_needs_no_network_and_ends_with_q(tmp_path: Path) -> None:
    with Terminal([*FUNDTUI, "demo"], env=private(tmp_path)) as terminal:
        terminal.wait_for("DEMO")
        terminal.wait_for("12/12 venues")
        terminal.send("q")
        assert terminal.end() == 0
        assert terminal.restored()


def test_without_a_network_every_reason_is_on_the_screen(tmp_path: Path) -> None:
    # Port 9 of this machine: nobody listens there.
    env = private(tmp_path) | {"FUNDTUI_VENUES__ONLY": "dydx,kucoin,gate"}
    with Terminal([*FUNDTUI, "--source", "http://127.0.0.1:9"], env=env) as terminal:
        terminal.wait_for("0/3 venues")
        terminal.wait_for("refused")
        terminal.send("q")
        assert terminal.end() == 0


def test_a_broken_configuration_is_told_on_the_screen_that_was_there(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[display]\nthem = 'dusk'\n")
    with Terminal([*FUNDTUI, "--config", str(file)], env=private(tmp_path)) as terminal:
        assert terminal.end() == 2
        # The bare header that stood there while starting is gone before anything is said.
        assert 0 <= terminal.raw.find(b"\x1b[?1049l") < terminal.raw.find(b"broken.toml:2")
        assert terminal.raw.count(b"\x1b[?1049h") == 1
