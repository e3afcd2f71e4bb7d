"""Every setting and where it comes from; those of the display can be changed. Nothing is written before it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fundtui.config import ConfigError
from fundtui.config.load import Layer
from fundtui.config.state import plan
from fundtui.text import clean
from fundtui.ui import settinglist
from fundtui.ui.cells import Scene
from fundtui.ui.paths import short
from fundtui.ui.pieces import Line
from fundtui.ui.preferences import value_of
from fundtui.ui.screens.ask import Ask
from fundtui.ui.screens.listing import ListScreen
from fundtui.ui.screens.whole import bindings_of
from fundtui.ui.settinglist import Row
from fundtui.ui.theme import theme_names
from fundtui.ui.widgets.listing import Field

if TYPE_CHECKING:
    from fundtui.ui.app import FundtuiApp

_LOUD = {Layer.DEFAULT: "faint", Layer.FILE: "plain", Layer.STATE: "plain"}


def _mark(scene: Scene, row: Row, width: int) -> Line:
    return [("*" if row.draft else "+" if row.here else " ", "warning" if row.draft else "accent")]


def _name(scene: Scene, row: Row, width: int) -> Line:
    return [(row.key, "bright" if row.here else "dim")]


def _value(scene: Scene, row: Row, width: int) -> Line:
    role = "warning" if row.draft else "dim" if row.layer is Layer.DEFAULT and not row.here else "plain"
    return [(row.value, role)]


def _origin(scene: Scene, row: Row, width: int) -> Line:
    return [(row.origin, "warning" if row.draft else _LOUD.get(row.layer, "accent"))]


FIELDS = (
    Field(key="place", title="", width=1, right=False, value=lambda row: float(row.place), cell=_mark,
          help="+ can be changed here; * is changed and not saved."),
    Field(key="setting", title="setting", width=22, right=False, value=lambda row: row.key, cell=_name,
          help="Its name in the configuration."),
    Field(key="value", title="value", width=20, right=False, value=lambda row: row.value, cell=_value,
          help="What is in force, as it is written in the file; secrets are masked."),
    Field(key="from", title="from", width=24, right=False, value=lambda row: row.origin, cell=_origin,
          help="The file and its line, the variable or the flag that decides, else default."),
    Field(key="default", title="default", width=12, right=False, rank=2, value=lambda row: row.default,
          cell=lambda scene, row, width: [(row.default, "faint")], help="What it is where nobody says anything."),
    Field(key="meaning", title="meaning", width=24, right=False, rank=1, grows=True, value=lambda row: row.meaning,
          cell=lambda scene, row, width: [(row.meaning, "dim")], help="What it means."),
)  # fmt: skip


class SettingsScreen(ListScreen):
    """A change holds at once; it is in a file only after `s`, which shows what will be written and where."""

    NAME = "settings"
    TITLE_TEXT = "Settings"
    FIELDS = FIELDS
    SORT = ("place", False)
    BINDINGS = bindings_of("settings")

    app: FundtuiApp

    def rows(self) -> Sequence[Row]:
        app = self.app
        return settinglist.rows(self.source.configuration, app.settings, app.preferences.drafts, app.options)

    def key_of(self, row: Row) -> str:
        return row.key

    def subtitle(self) -> str:
        count = len(self.app.preferences.drafts)
        return f"{count} not saved" if count else ""

    def detail(self, scene: Scene, row: Row, width: int) -> Sequence[Line]:
        loaded = self.source.configuration
        lines: list[Line] = [
            [(f"  {row.key}", "*bright"), (f"  {row.meaning}", "plain")],
            [("  value    ", "dim"), (row.value, "warning" if row.draft else "plain")],
            [("  from     ", "dim"), (row.origin, "plain")],
        ]
        if row.default:
            lines.append([("  default  ", "dim"), (row.default, "plain")])
        if row.here:
            values = self._choices(row)
            said = ", ".join(str(value).lower() or "none" for value in values) if values else "text"
            lines.append([("  takes    ", "dim"), (said, "plain")])
        files = [("  yours    ", loaded.path), ("  screen's ", loaded.state_path)]
        lines += [[(label, "dim"), (short(path, width - 12), "dim")] for label, path in files]
        if not row.here:
            lines.append([("  changed in your file or by its variable, not here", "faint")])
        return lines

    # -- changing

    def _choices(self, row: Row) -> tuple[Any, ...]:
        lists = [each.name for each in self.app.watchlists[1:]]
        return settinglist.choices(row.key, theme_names(self.app.options.theme_folder), lists)

    def _changeable(self) -> Row | None:
        """The row under the cursor, if it can be changed here."""
        row: Row | None = self.list.row
        if row is not None and not row.here:
            self.say(f"{row.key} is changed in config.toml or by a variable, not here", "warning")
            return None
        return row

    def action_change(self, by: int) -> None:
        row = self._changeable()
        if row is None:
            return
        values = self._choices(row)
        if values:
            self._draft(row, settinglist.after(values, self._value(row), by))
        else:
            self._ask(row)

    def _value(self, row: Row) -> Any:
        # A flag of the command line is what is in force, whatever the files say.
        if row.layer is Layer.FLAG and row.key in {"display.mouse", "display.slow"}:
            return row.value == "true"
        return value_of(self.app.settings, row.key)

    def _ask(self, row: Row) -> None:
        def answered(answer: str | None) -> None:
            if answer:
                self._draft(row, answer.strip())

        hint = "a metric, as in spread; - in front: largest first"
        present = str(value_of(self.app.settings, row.key))
        self.app.push_screen(Ask(f"{row.key}: {row.meaning}", present, hint, settinglist.wrong_sort), answered)

    def _draft(self, row: Row, value: Any) -> None:
        self.app.draft({row.key: value})
        self.draw()
        if self.app.preferences.drafts:
            self.say("holds until you leave; s keeps it, u takes it back")

    def action_open(self) -> None:
        row: Row | None = self.list.row
        if row is not None and row.here:
            self.action_change(1)
        else:
            super().action_open()

    def action_explain(self) -> None:
        super().action_open()

    def action_undo(self) -> None:
        """Take a change back, or what state.toml says about a setting."""
        row: Row | None = self.list.row
        if row is None:
            return
        if row.draft:
            self.app.drop_draft(row.key)
            self.draw()
            self.say(f"{row.key} as it was")
        elif row.here and row.layer is Layer.STATE:
            self._show_plan({row.key: None})
        else:
            self.say("only what was changed on the screen can be taken back", "warning")

    # -- writing

    def action_save(self) -> None:
        drafts = dict(self.app.preferences.drafts)
        if drafts:
            self._show_plan(drafts)
        else:
            self.say("nothing to save")

    def _show_plan(self, changes: dict[str, Any]) -> None:
        from fundtui.ui.screens.writeplan import WritePlan

        try:
            planned = plan(self.source.configuration.state_path, changes)
        except (OSError, ConfigError) as error:
            self.say(f"cannot be saved: {clean(error)}", "warning")
            return

        def agreed(yes: bool | None) -> None:
            if yes and self._unchanged(changes, planned.before) and self.app.remember(changes):
                self.say(f"written to {short(planned.path, 60)}")
            self.draw()

        overruled = [f"{key}: {by}" for key in changes if changes[key] is not None and (by := self._overruler(key))]
        self.app.push_screen(WritePlan(self.scene, planned, overruled), agreed)

    def _overruler(self, key: str) -> str:
        """The variable or flag that decides whatever the files say; "" where there is none."""
        origin = self.source.configuration.origins.get(key)
        return str(origin) if origin is not None and origin.layer in (Layer.ENVIRONMENT, Layer.FLAG) else ""

    def _unchanged(self, changes: dict[str, Any], before: str) -> bool:
        """Whether the file is still as it was shown; else it is shown anew."""
        try:
            same = plan(self.source.configuration.state_path, changes).before == before
        except (OSError, ConfigError) as error:
            self.say(f"cannot be saved: {clean(error)}", "warning")
            return False
        if not same:
            self._show_plan(changes)
        return same
