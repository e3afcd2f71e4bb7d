"""From the answers of one venue's endpoints to batches: which of them count now, how old they are, what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from fundtui.market import Batch
from fundtui.polling.fetching import guarded
from fundtui.polling.judge import Trouble, Troubled, TroubleKind, from_bad_answer
from fundtui.polling.line import Line
from fundtui.polling.transport import Response
from fundtui.text import clean
from fundtui.venues.spec import BadAnswer, Parts, Venue

SUSPECT_SHARE = 0.2
SUSPECT_POLLS = 2
LEARNING_TRIES = 3
"""Failures after which an endpoint that never answered is no longer waited for before changes are believed."""


class Collector:
    """Makes the batches of one venue. `rows` and `rejected` are those of the last whole one."""

    def __init__(self, venue: Venue, lines: Sequence[Line]) -> None:
        self.rows = 0
        self.rejected: dict[str, int] = {}
        self._venue = venue
        self._lines = lines
        required_s = min((line.every_s for line in lines if line.endpoint.required), default=math.inf)
        self._quicker = [line for line in lines if line.endpoint.perishable and line.every_s < required_s]
        self._suspects = 0

    def sources(self, now: float, taking: Line | None = None) -> list[Line]:
        """The endpoints that batches are made of: the required ones, or what stands in for one that the venue refuses.

        `taking`: one that has just given an answer worth having.
        """
        return [self._source(line, now, taking) for line in self._lines if line.endpoint.required]

    def makes(self, line: Line, now: float) -> bool:
        """Whether each answer of this endpoint makes a batch: sources do, and rates that come quicker than those
        (where the required answer is an hourly catalogue)."""
        return line in self._quicker or line in self.sources(now, line)

    @property
    def cadence_s(self) -> float:
        """How often a batch is due; NaN where nothing is required."""
        makers = [line for line in self._lines if line.endpoint.required or line in self._quicker]
        return min((line.every_s for line in makers), default=math.nan)

    def replaced(self, line: Line, now: float) -> bool:
        """Whether another endpoint stands in for this one."""
        return line.endpoint.required and self._source(line, now, None) is not line

    def needs(self, stand_in: Line) -> bool:
        """Whether the endpoint that it stands in for is refused."""
        return any(line.refused for line in self._lines if line.endpoint.name == stand_in.endpoint.stands_in_for)

    def parts(self, now: float, taking: Line | None = None) -> dict[str, Any]:
        """What is known. A first pass over keys counts while it runs, unless there is nothing without it."""
        sources = self.sources(now, taking)
        return {
            line.endpoint.name: line.value
            for line in self._lines
            if line.value is not None
            and (line.known or not line.endpoint.required)
            and not line.perished(now)
            and (line in sources or not line.endpoint.required)
        }

    def batch(self, line: Line, value: Any, now: float, now_ms: int) -> Batch | None:
        """The batch that a new answer makes; None where none is due or something required is missing.

        One is due for each answer that batches are made of, and for the first answer of any other endpoint.
        Raises Troubled.
        """
        taking = line if value else None
        sources = self.sources(now, taking)
        if line.known and line not in sources and line not in self._quicker:
            return None
        parts = self.parts(now, taking) | {line.endpoint.name: value}
        if not all(source.endpoint.name in parts for source in sources):
            return None
        return self._read(parts, sources, line, now, now_ms)

    def _source(self, line: Line, now: float, taking: Line | None) -> Line:
        if line is taking or not line.refused:
            return line
        for other in self._lines:
            stands_in = other.endpoint.stands_in_for == line.endpoint.name
            if stands_in and (other is taking or (other.known and other.value and not other.overdue(now))):
                return other
        return line

    def _read(self, parts: Parts, sources: Sequence[Line], line: Line, now: float, now_ms: int) -> Batch:
        observed_ms = _observed_ms([*sources, *self._quicker], line, now, now_ms)
        try:
            batch: Batch = guarded(lambda: self._venue.read(parts, observed_ms))
        except BadAnswer as error:
            raise Troubled(from_bad_answer(error, Response(status=200, headers={}, body=b""), observed_ms)) from error
        missing = any(one.perished(now) for one in self._lines if one is not line)
        partial = missing or not all(source.endpoint.required for source in sources)
        if not partial:
            self._check_size(batch)
            self.rows = len(batch.quotes)
        self.rejected = dict(batch.rejected)
        return msgspec.structs.replace(batch, learning=self._learning(line), partial=partial)

    def _learning(self, taking: Line) -> bool:
        """Whether an endpoint has not answered yet that may say what the venue's contracts are."""
        return any(
            not (line.known or line is taking or line.failures >= LEARNING_TRIES)
            for line in self._lines
            if not line.endpoint.stands_in_for
        )

    def _check_size(self, batch: Batch) -> None:
        if len(batch.quotes) < SUSPECT_SHARE * self.rows and self._suspects < SUSPECT_POLLS:
            self._suspects += 1
            text = f"only {len(batch.quotes)} rows where {self.rows} were before"
            raise Troubled(Trouble(TroubleKind.BAD_PAYLOAD, clean(text)))
        self._suspects = 0


def _observed_ms(makers: Sequence[Line], line: Line, now: float, now_ms: int) -> int:
    """When the batch's data was seen: now, or when the oldest of those that make batches answered."""
    others = [one for one in makers if one is not line and one.known and not one.perished(now)]
    return min((one.answered_ms for one in others if line not in makers or one.overdue(now)), default=now_ms)
