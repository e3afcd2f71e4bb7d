"""The terminal notices: through the channel that gets out, once per notice, and never by sequences that tmux eats."""

from __future__ import annotations

from collections.abc import Sequence

from fundtui.alerts.book import Away
from fundtui.alerts.message import trial_message
from fundtui.alerts.sinks.osc import ASK_OSC99
from fundtui.config.schema import Notify, Settings, Sink, TerminalChannel
from fundtui.ui.ringer import Ringer
from tests.ui.market import Market
from tests.ui.pilot import driven


class Desk:
    """A ringer over a market of no assets, with what it wrote."""

    def __init__(self, environment: dict[str, str], passthrough: str = "", settings: Settings | None = None) -> None:
        self.market = Market(1, settings=settings)
        self.written: list[str] = []
        self.asked: list[Sequence[str]] = []

        def ask(words: Sequence[str]) -> str:
            self.asked.append(words)
            return passthrough

        self.ringer = Ringer(self.market, self.written.append, environment, ask)

    def notice(self) -> None:
        self.market.notices.append(trial_message("k", 1))
        self.market.notice_count += 1


def test_each_notice_rings_once() -> None:
    desk = Desk({"TERM": "xterm-256color"})
    desk.ringer.tick()
    assert desk.written == []
    desk.notice()
    desk.ringer.tick()
    desk.ringer.tick()
    assert desk.written == ["\x07"]


def test_many_at_once_ring_a_few_times() -> None:
    desk = Desk({"TERM": "xterm-256color"})
    for _ in range(40):
        desk.notice()
    desk.ringer.tick()
    assert len(desk.written) == 3


def test_tmux_is_asked_what_it_lets_through() -> None:
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/t,1,0", "KITTY_WINDOW_ID": "1"}
    closed, open_one = Desk(inside, "off\n"), Desk(inside, "on\n")
    assert closed.asked == [("tmux", "show", "-Av", "allow-passthrough")]
    assert closed.ringer.channel is TerminalChannel.BELL
    assert open_one.ringer.channel is TerminalChannel.OSC99
    open_one.notice()
    open_one.ringer.tick()
    assert open_one.written[0].startswith("\x1bPtmux;\x1b\x1b]99;")


def test_an_unknown_terminal_is_asked_and_believed() -> None:
    desk = Desk({"TERM": "xterm-256color"})
    assert desk.ringer.question() == ASK_OSC99
    desk.ringer.answered()
    assert desk.ringer.channel is TerminalChannel.OSC99
    for environment in ({"TERM": "linux"}, {"TERM": "foot"}, {"TERM": "tmux-256color", "TMUX": "x"}):
        assert Desk(environment).ringer.question() == ""


def test_the_configuration_decides() -> None:
    quiet = Settings(notify=Notify(sinks={"terminal": Sink(channel=TerminalChannel.NONE)}))
    desk = Desk({"TERM": "xterm-kitty"}, settings=quiet)
    desk.notice()
    desk.ringer.tick()
    assert desk.written == []
    desk.ringer.answered()
    assert desk.ringer.channel is TerminalChannel.NONE


async def test_who_comes_back_reads_what_happened() -> None:
    async with driven() as screen:
        screen.market.away = Away(since_ms=0, fired=3, ended=1, still=2, dead=0, texts=("WIF spread 212%",))
        screen.wall.seconds += 5
        await screen.press("j")
        assert any("3 alerts fired, 1 ended, 2 are on: WIF spread" in line for line in screen.lines)
