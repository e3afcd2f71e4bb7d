"""What a person has chosen to look at, and in which light."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fundtui.imbalance.catalogue import Level, find
from fundtui.ui.cells import Lens
from fundtui.units import Basis

if TYPE_CHECKING:
    from fundtui.imbalance.conditions import Wanted

ALL = "all"


class Watchlist(msgspec.Struct, frozen=True):
    """One watchlist as the screen needs it; the first one shows everything."""

    name: str = ALL
    assets: tuple[str, ...] = ()
    where: str = ""
    sort_key: str = "spread"
    descending: bool = True
    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = {}


class Choices(msgspec.Struct):
    """Basis, lens and switches. One object, changed by keys, read by everything that draws.

    touched  the watchlist that an asset was last added to or taken from on the screen
    """

    basis: Basis = Basis.APR
    lens: Lens = Lens.RAW
    wide: bool = False
    faults_only: bool = False
    paused: bool = False
    watchlist: int = 0
    touched: str = ""
    quiet_s: float = math.inf
    size: Wanted | None = None
    shared_scale: bool = False

    def next_basis(self) -> None:
        """Per year, per hour, per 8 hours, and round again."""
        self.basis = _after(self.basis, (Basis.APR, Basis.HOURLY, Basis.EIGHT_HOURS))

    def next_lens(self) -> None:
        """Raw, excess, premium, and round again."""
        self.lens = _after(self.lens, (Lens.RAW, Lens.EXCESS, Lens.PREMIUM))


def _after(current: Any, order: Sequence[Any]) -> Any:
    return order[(order.index(current) + 1) % len(order)]


def sort_order(text: str) -> tuple[str, bool]:
    """`-spread` as ("spread", True); what the catalogue does not know falls back to the default order."""
    metric = find(Level.ASSET, text.strip().removeprefix("-"))
    return (metric.key, text.strip().startswith("-")) if metric else ("spread", True)


def watchlists(display: Any, configured: Mapping[str, Any]) -> list[Watchlist]:
    """All assets first, then the configured lists in their order."""
    key, descending = sort_order(display.sort)
    lists = [Watchlist(sort_key=key, descending=descending, columns=tuple(display.columns), widths=display.widths)]
    for name, each in configured.items():
        if each.hidden:
            continue
        key, descending = sort_order(each.sort or display.sort)
        columns = tuple(each.columns or display.columns)
        widths = {**display.widths, **each.widths}
        lists.append(Watchlist(name, tuple(each.assets), each.where, key, descending, columns, widths))
    return lists
