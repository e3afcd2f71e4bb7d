"""The settings as the interface has them in force: those of the engine, and what a person changed just now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from fundtui.config.schema import Settings, Watchlist

if TYPE_CHECKING:
    from fundtui.config.state import Kept


class Preferences:
    """Settings of the engine, laid over by drafts: changes that are in force but not in a file.

    A draft ends when it is saved, dropped, or when its setting changes in a file: the newest change wins.
    """

    def __init__(self, settings: Settings) -> None:
        self.drafts: dict[str, Any] = {}
        self.settings = settings
        self._base = settings

    def follow(self, settings: Settings) -> bool:
        """Take over what the engine has in force now; whether anything differs."""
        before, self._base = self._base, settings
        for key in [key for key in self.drafts if value_of(before, key) != value_of(settings, key)]:
            del self.drafts[key]
        return self._lay()

    def draft(self, changes: Mapping[str, Any]) -> bool:
        """Let changes hold until the program ends, or until they are saved; whether anything differs."""
        self.drafts |= changes
        for key in [key for key, value in self.drafts.items() if value == value_of(self._base, key)]:
            del self.drafts[key]
        return self._lay()

    def drop(self, key: str) -> bool:
        """Forget a draft; whether anything differs."""
        self.drafts.pop(key, None)
        return self._lay()

    def kept(self, changes: Mapping[str, Any], kept: Kept) -> bool:
        """These changes are in the file now; whether anything differs. What a variable or flag overrules stays a
        draft: a person wants it now."""
        before = self.settings
        self.follow(kept.settings)
        for key, value in changes.items():
            self.drafts.pop(key, None)
            if value is not None and value_of(kept.settings, key) != value:
                self.drafts[key] = value
        self._lay()
        return before != self.settings

    def _lay(self) -> bool:
        before, self.settings = self.settings, with_changes(self._base, self.drafts)
        return before != self.settings


def value_of(settings: Settings, key: str) -> Any:
    """The value of a setting of [display] or of a watchlist, by its dotted key; None where the list is not there."""
    section, *rest = key.split(".")
    if section == "display":
        return getattr(settings.display, rest[0])
    found = settings.watchlists.get(rest[0])
    return found if found is None or len(rest) == 1 else getattr(found, rest[1])


def with_changes(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Settings with other values of [display] and of watchlists, by dotted key. None: the default, or no such list."""
    display, lists = settings.display, dict(settings.watchlists)
    for key, value in changes.items():
        section, *rest = key.split(".")
        if section == "display":
            display = _changed(display, rest[0], value)
        elif len(rest) == 1:
            lists.pop(rest[0], None)
        else:
            lists[rest[0]] = _changed(lists.get(rest[0], Watchlist()), rest[1], value)
    return msgspec.structs.replace(settings, display=display, watchlists=lists)


def _changed(struct: Any, field: str, value: Any) -> Any:
    chosen = getattr(type(struct)(), field) if value is None else value
    return msgspec.structs.replace(struct, **{field: chosen})
