"""The keys of a replay: stop and go on, faster and slower, the next entry of the journal, another moment."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from fundtui.text import clean
from fundtui.ui.screens.ask import Ask
from fundtui.units import format_utc_date

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 300.0)
_NOT = "only a replay has this: fundtui replay"
_DAY_MS = 86_400_000


def do(app: FundtuiApp, what: str) -> None:
    """Do what a key of the player says: `next`, `at`, `slower` or `faster`."""
    player = app.source.player
    if player is None:
        app.say(_NOT, "warning")
        return
    match what:
        case "next":
            _next(app)
        case "at":
            _ask(app)
        case "slower" | "faster":
            later = [speed for speed in SPEEDS if speed > player.clock.speed]
            sooner = [speed for speed in SPEEDS if speed < player.clock.speed]
            chosen = later[:1] if what == "faster" else sooner[-1:]
            player.set_speed(chosen[0] if chosen else player.clock.speed)
            app.say(f"{player.clock.speed:g} recorded seconds a second")
    refresh(app)


def toggle(app: FundtuiApp) -> bool:
    """Stop the replay, or let it go on; False where nothing is replayed."""
    player = app.source.player
    if player is None:
        return False
    player.pause(paused=not player.paused)
    app.say("the replay stands still" if player.paused else "the replay goes on")
    refresh(app)
    return True


def _next(app: FundtuiApp) -> None:
    async def going() -> None:
        found = await app.source.go_to_next_event()
        at = format_utc_date(app.source.clock.utc_ms())
        app.say(f"{at} UTC, just before the next entry" if found else "no later entry in the journal")

    _begin(app, going())


def _begin(app: FundtuiApp, going: Coroutine[None, None, None]) -> None:
    """Go to another moment; the header says so until it is there."""

    async def told() -> None:
        try:
            await going
        except OSError as error:
            app.say(clean(error), "warning")
        refresh(app)

    app.run_worker(told(), group="replay")


def _ask(app: FundtuiApp) -> None:
    now_ms = app.source.clock.utc_ms()

    def chosen(answer: str | None) -> None:
        if answer:
            at_ms = moment_of(answer, now_ms)
            app.say(f"going to {format_utc_date(at_ms)[:16]} UTC")
            _begin(app, app.source.go_to(at_ms))

    player = app.source.player
    assert player is not None
    span = f"{format_utc_date(player.first_ms)[:16]} to {format_utc_date(player.last_ms)[:16]} UTC"
    question = Ask("Go to which moment?", format_utc_date(now_ms)[:16], span, lambda text: _wrong(text, now_ms))
    app.push_screen(question, chosen)


def moment_of(text: str, now_ms: int) -> int:
    """`2026-03-03 08:00`, or a time of the day that is shown, both UTC. Raises ValueError."""
    text = text.strip()
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000)
    try:
        clock = time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("a time such as 2026-03-03 08:00, or 08:00") from error
    return now_ms // _DAY_MS * _DAY_MS + ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1000


def _wrong(text: str, now_ms: int) -> str:
    try:
        moment_of(text, now_ms)
    except ValueError as error:
        return str(error)
    return ""


def refresh(app: FundtuiApp) -> None:
    """Draw the moment that is shown now, everywhere."""
    app.main.follow_tables()
    app.main.restyle()
    draw = getattr(app.screen, "draw", None)
    if draw is not None:
        draw()
