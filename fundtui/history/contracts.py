"""Contracts as they come from the record: decoded once, and what many of them have in common held once."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import msgspec
from msgspec.structs import force_setattr

from fundtui.market import FundingRule, Instrument

MOST = 20_000
"""Contracts that are held twice over at most: more than are listed at any moment, or each poll would decode anew."""

_decode = msgspec.msgpack.Decoder(Instrument).decode


class _Ruled(msgspec.Struct):
    """Of a contract the rule alone, as it was encoded: decoded rules with missing numbers are never equal."""

    rule: msgspec.Raw = msgspec.Raw()


_decode_rule = msgspec.msgpack.Decoder(_Ruled).decode


class Contracts:
    """Contracts by number, those that were used last: a long record has had several forms of each."""

    def __init__(self, most: int = MOST) -> None:
        self.recent: dict[int, Instrument] = {}
        self._before: dict[int, Instrument] = {}
        self._rules: dict[bytes, FundingRule] = {}
        self._most = most

    def missing(self, numbers: set[int]) -> list[int]:
        """Which of these are not known; the others are in `recent` afterwards."""
        if len(self.recent) > self._most:
            self._before, self.recent, self._rules = self.recent, {}, {}
        found = []
        for number in numbers - self.recent.keys():
            contract = self._before.get(number)
            if contract is None:
                found.append(number)
            else:
                self.recent[number] = contract
        return found

    def forget(self, number: int) -> None:
        """Let go of one."""
        self.recent.pop(number, None)
        self._before.pop(number, None)

    def decode(self, forms: Iterable[tuple[int, int, bytes]]) -> None:
        """Hold contracts from their numbers, instruments and encoded forms; what cannot be decoded is left out."""
        recent, rules = self.recent, self._rules
        for number, _, body in forms:
            try:
                contract = _decode(body)
                rule = bytes(_decode_rule(body).rule)
            except msgspec.MsgspecError:
                continue
            force_setattr(contract, "rule", rules.setdefault(rule, contract.rule))
            for name, said in (("venue", contract.venue), ("quote", contract.quote), ("settle", contract.settle)):
                force_setattr(contract, name, sys.intern(said))
            recent[number] = contract
