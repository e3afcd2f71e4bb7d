"""The ladder of glyphs: Unicode where the terminal has it, ASCII where it has not."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec


class Glyphs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One character each, except `spark` and `shade`, which are ramps from low to high."""

    cursor: str = "▌"
    pin: str = "•"
    rising: str = "▴"
    falling: str = "▾"
    firing: str = "▲"
    pending: str = "△"
    silenced: str = "▽"
    thumb: str = "┃"
    rule: str = "─"
    ellipsis: str = "…"
    enter: str = "⏎"
    change: str = "→"
    dot: str = "·"
    held: str = "⇅"
    spark: str = "▁▂▃▄▅▆▇█"
    shade: str = " ░▒▓█"


UNICODE = Glyphs()
ASCII = Glyphs(
    cursor=">",
    pin="*",
    rising="^",
    falling="v",
    firing="!",
    pending="?",
    silenced="z",
    thumb="|",
    rule="-",
    ellipsis="~",
    enter="Enter",
    change="->",
    dot=".",
    held="=",
    spark="_.-~=+*#",
    shade=" .:+#",
)


def terminal_has_unicode(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the locale and TERM let us expect Unicode. An unset locale counts as yes, `C` and `vt100` as no."""
    environment = os.environ if environment is None else environment
    if environment.get("TERM", "").startswith(("dumb", "vt")):
        return False
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "utf-8")
    return "utf" in locale.lower()
