"""The whole program in a real terminal, over recorded answers and over the simulated market."""

from __future__ import annotations

import re
import signal
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


def test_the_demo_shows_configured_positions(tmp_path: Path) -> None:
    folder = tmp_path / "xdg_config_home" / "fundtui"
    folder.mkdir(parents=True)
    file = folder / "config.toml"
    file.write_text(
        '[positions.hedge]\nvenue = "binance"\nsymbol = "BTCUSDT"\nside = "short"\nsize = 1.5\n'
        '[positions.other]\nvenue = "bybit"\nsymbol = "ETHUSDT"\nside = "long"\nsize = 30\n'
    )
    file.chmod(0o600)
    with Terminal([*FUNDTUI, "demo"], env=private(tmp_path)) as terminal:
        terminal.wait_for("12/12 venues")
        terminal.send("9")
        terminal.wait_for("hedge")
        terminal.until(lambda: terminal.shows("due +") or terminal.shows("due -"))
        # The row; below it stands what is said about the one under the cursor.
        hedge = next(line.split() for line in terminal.screen.display if " hedge " in line)
        other = next(line.split() for line in terminal.screen.display if " other " in line)
        assert "short" in hedge
        assert "long" in other
        # 1.5 BTC and 30 ETH of the simulated market are worth some tens of thousands of dollars.
        assert all(any(re.fullmatch(r"\d+(\.\d+)?k", word) for word in line) for line in (hedge, other))
        terminal.send("q")
        assert terminal.end() == 0


def test_no_colours_and_ascii_alone_reach_the_terminal(tmp_path: Path) -> None:
    env = private(tmp_path) | {"NO_COLOR": "1", "LANG": "C", "LC_ALL": "C"}
    with Terminal([*FUNDTUI, "demo"], env=env) as terminal:
        terminal.wait_for("12/12 venues")
        for key, shown in zip("23456789?", ("Matrix", "Pairs", "Asset", "Calendar", "Alerts", "Venues", "Journal",
                                            "Positions", "Esc closes"), strict=True):  # fmt: skip
            terminal.send("\x1b" if key == "5" else "")
            terminal.settle(0.1, 1.0)
            terminal.send(key)
            terminal.wait_for(shown)
        terminal.send("\x1b")
        terminal.settle(0.1, 1.0)
        terminal.send(":")
        terminal.wait_for("Find a command")
        terminal.wait_for("Esc leave")
        raw = bytes(terminal.raw)
        terminal.send("\x1b")
        terminal.settle(0.1, 1.0)
        terminal.send("q")
        assert terminal.end() == 0
    assert raw.isascii()
    sets = [code for found in re.findall(rb"\x1b\[([0-9;]*)m", raw) for code in found.split(b";")]
    coloured = [code for code in sets if re.fullmatch(rb"3[0-8]|4[0-8]|9[0-7]|10[0-7]", code)]
    assert sets
    assert coloured == []


def test_back_after_a_stop_everything_is_drawn_anew(tmp_path: Path) -> None:
    with Terminal([*FUNDTUI, "demo"], env=private(tmp_path)) as terminal:
        terminal.wait_for("12/12 venues")
        terminal.signal(signal.SIGTSTP)
        assert terminal.until(terminal.stopped)
        terminal.settle(0.1, 1.0)
        assert b"\x1b[?1049l" in terminal.raw
        before = len(terminal.raw)
        # What the shell wrote meanwhile.
        terminal.screen.reset()
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("12/12 venues")
        terminal.wait_for("? help")
        assert b"\x1b[?1049h" in terminal.raw[before:]
        terminal.send("q")
        assert terminal.end() == 0
