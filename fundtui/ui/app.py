"""The application: palette, clock of the screen, and the ways to what opens over the main screen."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from fundtui.clock import Clock, SystemClock
from fundtui.config.schema import Settings
from fundtui.imbalance.catalogue import Level
from fundtui.text import clean
from fundtui.ui.choices import Choices, watchlists
from fundtui.ui.following import new_warnings, take_over
from fundtui.ui.options import Options, terminal_means
from fundtui.ui.output import OutputApp
from fundtui.ui.preferences import Preferences
from fundtui.ui.ringer import Ringer
from fundtui.ui.safety import ScreenGuard
from fundtui.ui.screens.main import MainScreen
from fundtui.ui.terminal import TerminalDriver
from fundtui.ui.theme import DEFAULT_THEME, Pens, ThemeError, first_theme, load_theme, textual_theme, theme_names
from fundtui.ui.widgets.greeting import Greeting, greet
from fundtui.units import format_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.screen import Screen

    from fundtui.imbalance.table import Table
    from fundtui.ui.provenance import Provenance
    from fundtui.ui.source import Source

# Frames over a line whose round trip is longer than FAR_S, while the terminal has no focus, or while nothing comes in:
# merely waking up ten times a second would be most of what a quiet screen costs.
FAR_S = 0.2
CALM_FRAME_S = 0.25
# What was wrong at the start is said for that long.
HINT_S = 30.0


class FundtuiApp(OutputApp):
    """Shows one engine."""

    TITLE = "fundtui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "Leave at once", show=False, priority=True),
        Binding("colon,ctrl+p", "command_palette", "Find a command", show=False),
    ]
    CSS = """
    Screen { background: $background; overflow: hidden; scrollbar-size: 0 0; }
    Toast { background: $surface; }
    """

    def __init__(self, source: Source, options: Options | None = None, wall: Clock | None = None, **more: Any) -> None:
        self.options = options or Options()
        self.wall = wall or SystemClock()
        super().__init__(self.wall.monotonic, diff=self.options.diff, **more)
        self.animation_level = "none"
        self.source = source
        self._seen = source.settings
        self.preferences = Preferences(source.settings)
        self._warnings = source.configuration.warnings
        self.trouble = clean(self._warnings[0]) if self._warnings else ""
        display = self.settings.display
        self.watchlists = watchlists(display, source.settings.watchlists)
        first = self._first_list(display.watchlist)
        self.choices = Choices(basis=display.rate_basis, lens=display.lens, watchlist=first)
        self.choices.shared_scale = display.shared_scale
        self.exit_code = 0
        self._guard = ScreenGuard()
        self._started_at = self.wall.monotonic()
        self.pens = self._pens(first_theme(display.theme, few=self.console.color_system == "standard"))

    @property
    def settings(self) -> Settings:
        """The settings in force, with what was changed on the screen."""
        return self.preferences.settings

    # -- looks

    def _first_list(self, name: str) -> int:
        return next((index for index, each in enumerate(self.watchlists) if name and each.name == name), 0)

    def _pens(self, name: str) -> Pens:
        """Pens of a theme; a theme that cannot be read falls back to the default one and says so."""
        try:
            palette = load_theme(name, self.options.theme_folder)
        except ThemeError as error:
            self.trouble = str(error)
            palette = load_theme(DEFAULT_THEME)
        self.register_theme(textual_theme(palette))
        self.theme = f"fundtui-{palette.name}"
        colour, unicode = terminal_means(self.settings.display, self.options)
        self._guard.plain = not unicode
        return Pens(palette, colour=colour and not self.no_color, unicode=unicode)

    @property
    def without_colour(self) -> bool:
        return not self.pens.colour

    def use_theme(self, name: str) -> None:
        """Draw everything with another theme."""
        self.pens = self._pens(name)
        self.termdiff.invalidate()
        self.main.restyle()

    def action_theme(self) -> None:
        names = theme_names(self.options.theme_folder)
        current = self.pens.palette.name
        after = names[(names.index(current) + 1) % len(names)] if current in names else names[0]
        self.choose_theme(after)

    def choose_theme(self, name: str) -> None:
        """A person chose a theme: draw with it and remember it."""
        self.use_theme(name)
        self.say(f"theme {name}: {self.pens.palette.summary}")
        self.remember({"display.theme": name})

    def use_mouse(self, wanted: bool) -> None:
        """Answer the mouse, or leave it to the terminal."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.use_mouse(wanted)

    def say(self, text: str, role: str = "accent") -> None:
        """Show a message in the footer that is seen, or in the main screen's."""
        shown = self.screen if hasattr(self.screen, "say") else self.main
        shown.say(text, role)

    def remember(self, changes: Mapping[str, Any]) -> bool:
        """Let changes hold and keep them in state.toml; whether all went well. Where it did not the screen says so."""
        from fundtui.config import ConfigError

        before, trouble = self.settings, ""
        try:
            kept = self.source.save_state(changes)
        except (OSError, ConfigError) as error:
            trouble = f"not saved, holds until you leave: {clean(error)}"
            differs = self.preferences.draft(changes)
        else:
            differs = self.preferences.kept(changes, kept)
            if kept.aside is not None:
                trouble = f"state.toml was no settings file: it is kept as {clean(kept.aside.name)}"
        if differs:
            take_over(self, before)
        if trouble:
            self.say(trouble, "warning")
        return not trouble

    def draft(self, changes: Mapping[str, Any]) -> None:
        """Let changes hold without keeping them."""
        before = self.settings
        if self.preferences.draft(changes):
            take_over(self, before)

    def drop_draft(self, key: str) -> None:
        """Back to what the files say about a setting."""
        before = self.settings
        if self.preferences.drop(key):
            take_over(self, before)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [self._guard, *super().get_line_filters()]

    # -- life

    @property
    def main(self) -> MainScreen:
        """The main screen."""
        screen = self.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def link_s(self) -> float:
        """Round trip to the terminal where it is long enough to matter."""
        round_trip = self.pacer.round_trip_s
        return round_trip if round_trip >= 0.02 else math.nan

    def get_default_screen(self) -> Screen[Any]:
        return MainScreen(self)

    def on_mount(self) -> None:
        # A plain timer of the loop: messages through Textual's queues would be most of an idle screen's cost.
        self._next_frame = asyncio.get_running_loop().call_later(self.frame_s, self._frame)
        self.call_after_refresh(self.run_worker, self._start_engine())
        self._greeting = greet(self)
        self._ringer = Ringer(self.source, self._ring, os.environ)
        self._ring(self._ringer.question())

    @property
    def frame_s(self) -> float:
        """Time between two frames: the setting's, longer over a slow line or while nobody looks."""
        display = self.settings.display
        slow = display.slow if self.options.slow is None else self.options.slow
        far = self.pacer.round_trip_s > FAR_S
        return max(1.0 / float(display.fps), CALM_FRAME_S if slow or far or not self.app_focus else 0.0)

    def _frame(self) -> None:
        if self._exit or not self.screen_stack:
            return
        delay = CALM_FRAME_S
        try:
            self._follow_settings()
            self.main.tick()
            self._ringer.tick()
            delay = max(self.frame_s, min(CALM_FRAME_S, self.main.calm_s()))
        except Exception as error:  # noqa: BLE001  (a callback of the loop: nobody above would see it)
            self._handle_exception(error)
        self._next_frame = asyncio.get_running_loop().call_later(delay, self._frame)

    def hurry(self) -> None:
        """Somebody is at work: what follows a key is drawn at the usual pace, however quiet it was before."""
        loop = asyncio.get_running_loop()
        if self._next_frame.when() > loop.time() + self.frame_s:
            self._next_frame.cancel()
            self._next_frame = loop.call_later(self.frame_s, self._frame)

    def _follow_settings(self) -> None:
        """Take over a configuration that was edited while running."""
        if self.source.settings is not self._seen:
            self._seen, before = self.source.settings, self.settings
            if self.preferences.follow(self._seen):
                take_over(self, before)
        if self.source.configuration.warnings is not self._warnings:
            self._warnings = new_warnings(self, self._warnings)

    async def _start_engine(self) -> None:
        if not self.started:
            await self.source.start()
        self._welcome()
        # What exists now stays for the whole life: the collector need not look at it again.
        gc.enable()
        gc.freeze()

    def _ring(self, text: str) -> None:
        """Write to the terminal beside frames."""
        if text and self._driver is not None and not self.is_headless:
            self._driver.write(text)

    @property
    def alert_channel(self) -> str:
        """How the terminal is made to notice: bell, osc9, osc777, osc99 or none."""
        return self._ringer.channel.value

    def osc99_answered(self) -> None:
        """The terminal understands notifications."""
        self._ringer.answered()

    def _end_greeting(self) -> None:
        """Somebody is at work: the word at the first start goes, for good."""
        if self._greeting is not None:
            greeting, self._greeting = self._greeting, None
            seen = greeting.display
            greeting.remove()
            if seen:
                self.remember({"display.welcome": False})

    async def on_event(self, event: events.Event) -> None:
        if self._greeting is not None:
            if isinstance(event, (events.Key, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)):
                self._end_greeting()
            elif isinstance(event, events.Resize):
                self.call_after_refresh(self._greeting.place)
        if isinstance(event, events.Key) and self.wall.monotonic() - self._last_key >= 1.0:
            self._last_key = self.wall.monotonic()
            self._welcome()
        await super().on_event(event)

    def _welcome(self) -> None:
        """Tell somebody who was away what happened meanwhile."""
        away = self.source.here()
        if away is not None:
            dead = f", {away.dead} notices did not get through" if away.dead else ""
            first = f": {away.texts[0]}" if away.texts else ""
            since = format_utc(away.since_ms, seconds=False)
            self.main.say(
                f"since {since} {away.fired} alerts fired, {away.ended} ended, {away.still} are on{dead}{first}"
            )

    def hint(self, now: float) -> str:
        """What the footer says to someone who just started; the keys alone later."""
        return self.trouble if now - self._started_at < HINT_S else ""

    def action_interrupt(self) -> None:
        self.leave(130)

    async def action_quit(self) -> None:
        self.leave(0)

    def leave(self, code: int) -> None:
        """End with this exit code."""
        self.exit_code = code
        self.exit(code, return_code=code)

    demo_wanted = False
    _greeting: Greeting | None = None
    started = False
    _last_key = -math.inf

    def leave_for_demo(self) -> None:
        """End, and let whoever started us start the demo."""
        self.demo_wanted = True
        self.leave(0)

    def action_redraw(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Draw everything as it is at this moment: what was on the screen before a stop may be hours old."""
        super().redraw()
        self.main.restyle()
        seen = self.screen
        if seen is not self.main and hasattr(seen, "tick"):
            seen.tick()

    async def run_main_action(self, action: str) -> None:
        """Run what a key of the main screen does."""
        await self.run_action(action, default_namespace=self.main)

    def show_watchlist(self, number: int) -> None:
        """Show a watchlist by its place."""
        self.main.use_watchlist(number)
        self.main.restyle()

    def show_named(self, name: str) -> None:
        """Show a watchlist by its name, where there is one."""
        number = next((place for place, each in enumerate(self.watchlists) if each.name == name), None)
        if number is not None:
            self.show_watchlist(number)

    # -- what opens

    def action_command_palette(self) -> None:
        """Find a command by a part of its name."""
        from fundtui.ui.screens.palette import CommandPalette

        if not self.screen.is_modal:
            self.push_screen(CommandPalette(self))

    def action_go(self, name: str) -> None:
        """Show one of the screens behind the digits."""
        from fundtui.ui.screens.registry import go

        go(self, name)

    def action_replay(self, what: str) -> None:
        """Do what a key of the player says."""
        from fundtui.ui.replaying import do

        do(self, what)

    def action_export(self) -> None:
        """Write what the screen shows to a file."""
        from fundtui.ui.screens.whole import WholeScreen
        from fundtui.ui.tableexport import export_table

        if isinstance(self.screen, WholeScreen):
            self.screen.export()
        else:
            self.main.say(*export_table(self.source, self.main.view))

    def action_help(self) -> None:
        from fundtui.ui.screens.help import HelpScreen
        from fundtui.ui.screens.whole import WholeScreen

        if isinstance(self.screen, WholeScreen):
            self.screen.action_help()
            return
        self.push_screen(HelpScreen(self.main.scene()))

    def open_asset(self, row: int) -> None:
        """Open the detail of an asset over the whole screen."""
        from fundtui.ui.screens.asset import AssetScreen

        self.push_screen(AssetScreen(self, row))

    def open_explanation(self, level: Level, row: int, key: str) -> None:
        """Open where a metric comes from."""
        from fundtui.ui.provenance import of_explanation

        self.open_provenance(of_explanation(self.source.explain(level, row, key)))

    def open_provenance(self, shown: Provenance) -> None:
        """Open where a figure comes from."""
        from fundtui.ui.screens.explain import ExplainScreen

        self.push_screen(ExplainScreen(self.main.scene(), shown))

    def copy_row(self, table: Table, row: int) -> None:
        """Copy every figure of a row as one line of JSON, in exported units."""
        self.copy_to_clipboard(json.dumps(row_record(table, row), allow_nan=False))


def row_record(table: Table, row: int) -> dict[str, Any]:
    """One row with catalogue keys, exported units, None for what is missing."""
    record: dict[str, Any] = {}
    for key, metric in table.metrics.items():
        if key in table.labels:
            record[key] = table.text(key, row) or None
        elif key in table.columns:
            value = float(table.columns[key][row]) * metric.export_factor
            record[key] = value if math.isfinite(value) else None
    return record
