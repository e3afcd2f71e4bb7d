"""What is about to be written to which file, before it is: nothing happens without a yes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from fundtui.text import clean, one_line
from fundtui.ui.cells import Scene
from fundtui.ui.keyline import Hint, hint_at, pieces
from fundtui.ui.paths import short
from fundtui.ui.pieces import Line, spans
from fundtui.ui.screens.overlay import Page
from fundtui.ui.screens.veil import VeiledScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from fundtui.config.state import Plan

_CONTEXT = 3
_HINTS = (Hint("Enter", "write", "enter"), Hint("Esc", "write nothing", "escape"))
_ROLES = {"+": "good", "-": "warning", "@": "accent"}


def plan_lines(plan: Plan, overruled: Sequence[str]) -> list[Line]:
    """The file, what will be other in it, and what will not be in force although it is written."""
    new = "" if plan.before or plan.aside else ", which is made"
    lines: list[Line] = [
        [("  Will be written to ", "*bright"), (short(plan.path, 52), "*accent"), (new, "dim")],
        [("  your config.toml stays as it is; nothing else is written", "dim")],
    ]
    if plan.aside is not None:
        lines.append([(f"  the present file is no settings file; it is kept as {clean(plan.aside.name)}", "warning")])
    lines.append([])
    before, after = plan.before.splitlines(), plan.after.splitlines()
    changed = list(difflib.unified_diff(before, after, n=_CONTEXT, lineterm=""))[2:]
    lines += [[("  " + one_line(line), _ROLES.get(line[:1], "dim"))] for line in changed if not line.startswith("@")]
    if not changed:
        lines.append([("  nothing differs", "dim")])
    if overruled:
        lines += [[], [("  Written, but overruled at the next start by", "*warning")]]
        lines += [[(f"  {clean(text)}", "plain")] for text in overruled]
    return lines


class PlanPage(Page):
    """The lines, and the keys that can be clicked in the last one."""

    def on_click(self, event: events.Click) -> None:
        event.stop()
        hint = hint_at(_HINTS, event.x - 1) if self.first + event.y == len(self.lines) - 1 else None
        if hint is not None:
            self.app.simulate_key(hint.key)


class WritePlan(VeiledScreen[bool]):
    """Gives whether a person agreed."""

    DEFAULT_CSS = """
    WritePlan { align: center middle; }
    WritePlan Page { width: 90%; max-width: 110; height: 20; max-height: 85%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "answer(True)", "Write", show=False),
        Binding("escape,q,n", "answer(False)", "Write nothing", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("pagedown,space", "scroll(15)", "Page down", show=False),
        Binding("pageup", "scroll(-15)", "Page up", show=False),
    ]

    def __init__(self, scene: Callable[[], Scene], plan: Plan, overruled: Sequence[str]) -> None:
        super().__init__()
        self._scene = scene
        self._lines: list[Line] = [*plan_lines(plan, overruled), [], [(" ", "dim"), *pieces(_HINTS)]]
        self.page = PlanPage(scene(), [])

    def compose(self) -> ComposeResult:
        yield self.page

    def on_mount(self) -> None:
        # As high as it has something to show; the style sheet bounds it.
        self.page.styles.height = len(self._lines)
        self.page.focus()
        self.draw()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_after_refresh(self.draw))

    def draw(self) -> None:
        """Draw in the colours of now."""
        scene = self._scene()
        self.page.scene = scene
        self.page.lines = [spans(scene.pens, line, "overlay") for line in self._lines]
        self.page.mark_all()
        self.page.update()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def action_scroll(self, lines: int) -> None:
        self.page.scroll_lines(lines)
