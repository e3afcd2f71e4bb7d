"""What the screen about one asset looks at: its instruments, which of them is chosen, its past, and pictures of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fundtui.imbalance.catalogue import Level
from fundtui.imbalance.conditions import Wanted as Size
from fundtui.imbalance.conditions import conditions
from fundtui.ui.cells import Lens, Scene
from fundtui.ui.charts import courses as pictures
from fundtui.ui.charts.picture import Picture
from fundtui.ui.charts.sizetext import size_lines
from fundtui.ui.charts.term import term_lines, term_picture
from fundtui.ui.charts.views import DAY_MS, RANGES, STEPS, View

if TYPE_CHECKING:
    from fundtui.courses import Past
    from fundtui.ui.choices import Choices
    from fundtui.ui.pieces import Line
    from fundtui.ui.source import Source

TERM_MS = 10_000
Made = Callable[[], Picture]

_PICTURES = {
    View.RATE: pictures.rates,
    View.THEORY: pictures.theory,
    View.PREMIUM: pictures.premiums,
    View.INTEREST: pictures.open_interest,
}


class Subject:
    """One asset of the source.

    days   the range of its charts; alone: only the chosen instrument is drawn
    past   what was read of its record, None until then
    """

    def __init__(self, source: Source, choices: Choices, row: int) -> None:
        self.source = source
        self.choices = choices
        self.row = row
        self.days = RANGES[1]
        self.alone = False
        self.past: Past | None = None
        self._chosen = ""

    @property
    def name(self) -> str:
        """The asset's name."""
        return self.source.table(Level.ASSET).keys[self.row]

    # -- its instruments

    def rows(self) -> list[int]:
        """The asset's rows of the instrument table."""
        rows: list[int] = self.source.instrument_rows(self.row).tolist()
        return rows

    def _keys(self) -> list[str]:
        keys = self.source.table(Level.INSTRUMENT).keys
        return [keys[row] for row in self.rows()]

    @property
    def place(self) -> int:
        """The place of the chosen instrument; at first the one with the most open interest."""
        keys = self._keys()
        if self._chosen not in keys and keys:
            oi = self.source.table(Level.INSTRUMENT).columns["oi_usd"]
            known = [float(oi[row]) if oi[row] == oi[row] else -1.0 for row in self.rows()]
            self._chosen = keys[known.index(max(known))]
        return keys.index(self._chosen) if self._chosen in keys else 0

    def step(self, by: int) -> None:
        """Choose another instrument, round and round."""
        keys = self._keys()
        if keys:
            self._chosen = keys[(self.place + by) % len(keys)]

    def names(self) -> list[str]:
        """Names of the instruments: the venue, with the symbol where it has several."""
        table = self.source.table(Level.INSTRUMENT)
        venues = [table.text("venue", row) for row in self.rows()]
        return [
            venue if venues.count(venue) == 1 else f"{venue} {table.text('symbol', row)}"
            for venue, row in zip(venues, self.rows(), strict=True)
        ]

    def _shifts(self) -> list[float]:
        """What the lens takes from each instrument's rate: the interest part, which the excess leaves out."""
        columns = self.source.table(Level.INSTRUMENT).columns
        if self.choices.lens is not Lens.EXCESS:
            return [0.0] * len(self.rows())
        return [float(columns["apr"][row] - columns["excess"][row]) for row in self.rows()]

    # -- its past

    async def read(self) -> None:
        """Read the record of the range anew."""
        if self.source.courses is not None:
            end_ms = self.source.clock.utc_ms()
            start_ms = end_ms - self.days * DAY_MS
            self.past = await self.source.courses.past(self.row, start_ms, end_ms, self._step_ms)

    @property
    def _step_ms(self) -> int:
        return self.days * DAY_MS // STEPS

    def _joined(self) -> Past | None:
        """What was read with what was seen since."""
        if self.past is None or self.source.courses is None:
            return None
        return self.source.courses.recent(self.row, self.past)

    # -- pictures and pages of it

    def picture(self, view: View, scene: Scene) -> tuple[tuple[object, ...], Made]:
        """What a chart depends on, and how to make it."""
        look = (view, self.days, self.place, self.alone, scene.basis, scene.lens)
        if view is View.TERM:
            return (*look, scene.now_ms // TERM_MS), lambda: self._term_picture(scene)
        wanted, past = self._wanted(scene), self._joined()
        if past is None:
            text = "reading the record" if self.source.courses is not None else "there is no record here"
            return (*look, text), lambda: pictures.empty(wanted, text)
        known = tuple((len(one.time_ms), len(one.settled_ms)) for one in past.courses)
        make = _PICTURES[View.PREMIUM if view is View.RATE and scene.lens is Lens.PREMIUM else view]
        return (*look, wanted.end_ms, past.asking, known), lambda: make(past, wanted)

    def _wanted(self, scene: Scene) -> pictures.Wanted:
        end_ms = (scene.now_ms // self._step_ms + 1) * self._step_ms
        return pictures.Wanted(
            start_ms=end_ms - self.days * DAY_MS, end_ms=end_ms, step_ms=self._step_ms, basis=scene.basis,
            lens=scene.lens.value, chosen=self.place, alone=self.alone, shifts=self._shifts(),
        )  # fmt: skip

    def _term_picture(self, scene: Scene) -> Picture:
        expiries = self.past.expiry_ms if self.past is not None else ()
        return term_picture(
            scene, self.source.table(Level.INSTRUMENT), self.rows(), self.names(), self.place, self._shifts(),
            self.days, expiries, alone=self.alone,
        )  # fmt: skip

    def term_page(self, scene: Scene, width: int) -> Sequence[Line]:
        """What each instrument pays now, paid, and is expected to pay."""
        table = self.source.table(Level.INSTRUMENT)
        return term_lines(scene, table, self.rows(), self.names(), self.place, self._shifts(), width)

    def size_page(self, scene: Scene, width: int) -> Sequence[Line]:
        """The size against its limits and the ways out, of the asset's best pair."""
        pairs, instruments = self.source.table(Level.PAIR), self.source.table(Level.INSTRUMENT)
        rows = [pairs.index[key] for key in (f"{self.name} perp-perp", f"{self.name} spot-perp") if key in pairs.index]
        priced = [row for row in rows if pairs.alive[row] and not math.isnan(float(pairs.columns["cost"][row]))]
        if not priced:
            return [[("  no pair of this asset is priced yet", "dim")]]
        past = self._joined()
        found = conditions(pairs, instruments, priced[0], self.size, past.courses if past is not None else ())
        return size_lines(scene, found, self.size, width)

    @property
    def size(self) -> Size:
        """The size as typed here, else as configured."""
        costs = self.source.settings.costs
        return self.choices.size or Size(
            size_usd=float(costs.size_usd), equity_usd=float(costs.equity_usd), leverage=float(costs.leverage)
        )
