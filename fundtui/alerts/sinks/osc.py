"""How a terminal is made to notice: the bell, or one of three escape sequences, wrapped for tmux where it lets them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence

from fundtui.config.schema import TerminalChannel
from fundtui.text import clean

MAX_TEXT = 200
_BY_PROGRAM = {
    "iTerm.app": TerminalChannel.OSC9,
    "WezTerm": TerminalChannel.OSC777,
    "ghostty": TerminalChannel.OSC777,
    "rio": TerminalChannel.OSC777,
}
_BY_TERM = (
    ("xterm-kitty", TerminalChannel.OSC99),
    ("xterm-ghostty", TerminalChannel.OSC777),
    ("foot", TerminalChannel.OSC777),
    ("rxvt-unicode", TerminalChannel.OSC777),
    ("wezterm", TerminalChannel.OSC777),
)


def in_tmux(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is a tmux or screen pane."""
    return bool(environment.get("TMUX")) or environment.get("TERM", "").startswith(("tmux", "screen"))


Run = Callable[[Sequence[str]], str]
"""Runs a program and gives what it printed; empty where it cannot be run."""

ASK_PASSTHROUGH = ("tmux", "show", "-Av", "allow-passthrough")
ASK_OSC99 = "\x1b]99;i=fundtui:p=?;\x1b\\"
"""kitty's question whether notifications are understood; who understands it answers with the same beginning."""
OSC99_ANSWER = "\x1b]99;i=fundtui:p=?"


def run(command: Sequence[str]) -> str:
    """See `Run`. Blocks for at most a second."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=1.0, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def lets_through(environment: Mapping[str, str], ask: Run) -> bool:
    """Whether tmux passes escape sequences on. Asked of tmux itself; other multiplexers never do."""
    return bool(environment.get("TMUX")) and ask(ASK_PASSTHROUGH).strip() in ("on", "all")


def choose(wanted: TerminalChannel, environment: Mapping[str, str], *, passthrough: bool) -> TerminalChannel:
    """The channel to use. `passthrough`: whether tmux's allow-passthrough is on; without it only the bell gets out."""
    if wanted is not TerminalChannel.AUTO:
        return wanted
    if in_tmux(environment) and not passthrough:
        return TerminalChannel.BELL
    if (channel := _BY_PROGRAM.get(environment.get("TERM_PROGRAM", ""))) is not None:
        return channel
    if environment.get("KITTY_WINDOW_ID"):
        return TerminalChannel.OSC99
    if environment.get("KONSOLE_VERSION"):
        return TerminalChannel.OSC777
    term = environment.get("TERM", "")
    return next((channel for name, channel in _BY_TERM if term.startswith(name)), TerminalChannel.BELL)


def notice(channel: TerminalChannel, title: str, text: str, *, tmux: bool) -> str:
    """What to write to the terminal. Title and text are cleaned and cut; the bell is rung with every sequence."""
    # Semicolons end fields of OSC 777 and 99.
    title, text = (str(clean(part, MAX_TEXT)).replace(";", ",") for part in (title, text))
    match channel:
        case TerminalChannel.OSC9:
            sequence = f"\x1b]9;{title}: {text}\x1b\\"
        case TerminalChannel.OSC777:
            sequence = f"\x1b]777;notify;{title};{text}\x1b\\"
        case TerminalChannel.OSC99:
            sequence = f"\x1b]99;i=fundtui:d=0;{title}\x1b\\\x1b]99;i=fundtui:p=body;{text}\x1b\\"
        case TerminalChannel.NONE:
            return ""
        case _:
            return "\x07"
    if tmux:
        escaped = sequence.replace("\x1b", "\x1b\x1b")
        sequence = f"\x1bPtmux;{escaped}\x1b\\"
    return sequence + "\x07"
