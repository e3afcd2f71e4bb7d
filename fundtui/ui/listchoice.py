"""Which watchlist the main table shows, and the query that it is narrowed by besides the person's own filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fundtui.query import QueryError
from fundtui.ui.choices import ALL, Choices, Watchlist
from fundtui.ui.filtering import Filter, Selection

if TYPE_CHECKING:
    from fundtui.ui.view import View


def extra_query(chosen: Watchlist, *, faults_only: bool) -> str:
    """The watchlist's query and the switch for faults as one expression; empty where everything passes."""
    parts = [f"({chosen.where})"] if chosen.where else []
    if chosen.where and chosen.assets:
        names = ", ".join(f'"{asset}"' for asset in chosen.assets)
        parts = [f"({chosen.where} or asset in ({names}))"]
    if faults_only:
        parts.append("excluded > 0")
    return " and ".join(parts)


class ListChoice:
    """Lays a watchlist over a view."""

    def __init__(self, view: View, choices: Choices, compile_text: Callable[[str], Selection]) -> None:
        self._view = view
        self._choices = choices
        self._compile = compile_text

    def use(self, chosen: Watchlist, *, keep_order: bool = False) -> str:
        """Show a watchlist with its own order, or with the one that a person has given it; what is wrong with it."""
        view = self._view
        view.show_only(chosen.assets if chosen.assets and not chosen.where else None)
        if not keep_order:
            view.sort_key, view.descending = chosen.sort_key, chosen.descending
        trouble = self.narrow(chosen)
        view.release()
        return trouble

    def narrow(self, chosen: Watchlist) -> str:
        """Apply what the watchlist and the switch for faults ask for; what is wrong with it, empty where nothing is."""
        text = extra_query(chosen, faults_only=self._choices.faults_only)
        try:
            self._view.extra = Filter(text, self._compile) if text else None
        except QueryError as error:
            self._view.extra = None
            return f"watchlist {chosen.name if chosen.name != ALL else ''}: {error}"
        return ""
