"""However it ends, the terminal is given back, soon, and the exit code says why."""

from __future__ import annotations

import signal
import time

import pytest

from tests.pty.terminal import Terminal, python


def started(scenario: str, **env: str) -> Terminal:
    terminal = Terminal(python("tests/pty/app.py", scenario), env=env)
    terminal.wait_for("/ filter")
    return terminal


@pytest.mark.parametrize(("keys", "code"), [("q", 0), ("\x03", 130)])
def test_keys_end_it(keys: str, code: int) -> None:
    with started("moving") as terminal:
        terminal.send(keys)
        assert terminal.end(2.0) == code
        assert terminal.restored()
        assert b"Traceback" not in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signals_end_it_with_the_code_that_a_shell_expects(number: signal.Signals) -> None:
    with started("moving") as terminal:
        terminal.signal(number)
        assert terminal.end(2.0) == 128 + number
        assert terminal.restored()


@pytest.mark.parametrize("keys", ["q", "\x03"])
def test_a_hanging_request_keeps_nobody_waiting(keys: str) -> None:
    with started("hanging") as terminal:
        asked = time.monotonic()
        terminal.send(keys)
        assert terminal.end(4.0) == (0 if keys == "q" else 130)
        assert time.monotonic() - asked <= 2.0
        assert terminal.restored()


def test_a_lost_terminal_ends_it_without_spinning() -> None:
    with started("moving") as terminal:
        terminal.hang_up()
        before = time.monotonic()
        assert terminal.process.wait(3.0) == 128 + signal.SIGHUP
        assert time.monotonic() - before <= 2.0


def test_an_internal_error_leaves_a_private_report_and_no_traceback(tmp_path: object) -> None:
    from pathlib import Path

    state = Path(str(tmp_path))
    with started("failing", XDG_STATE_HOME=str(state)) as terminal:
        assert terminal.end(15.0) == 1
        assert terminal.restored()
        assert b"Traceback" not in terminal.raw
        assert b"stopped by an internal error (KeyError" in terminal.raw
    (report,) = (state / "fundtui").glob("crash-*.txt")
    assert report.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in report.read_text()


def test_an_internal_error_is_told_even_where_the_end_hangs(tmp_path: object) -> None:
    from pathlib import Path

    state = Path(str(tmp_path))
    with started("failing, then hanging", XDG_STATE_HOME=str(state)) as terminal:
        assert terminal.end(15.0) == 1
        assert terminal.restored()
        assert b"stopped by an internal error (KeyError" in terminal.raw
    (report,) = (state / "fundtui").glob("crash-*.txt")
    assert "Traceback" in report.read_text()


def test_without_a_terminal_it_says_so() -> None:
    import subprocess

    from tests.pty.terminal import ROOT

    done = subprocess.run(
        python("tests/pty/app.py", "still"), stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, timeout=20,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"needs a terminal" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("later_s", [0.0, 0.05, 0.15])
def test_a_signal_during_the_start_gives_the_terminal_back(number: signal.Signals, later_s: float) -> None:
    with Terminal(python("tests/pty/app.py", "moving")) as terminal:
        # The first rows are there before the application that will serve signals.
        assert terminal.until(lambda: terminal.shows("spread"))
        terminal.until(lambda: False, later_s)
        terminal.signal(number)
        assert terminal.end(10.0) == 128 + number
        assert terminal.restored()
        assert b"Traceback" not in terminal.raw
