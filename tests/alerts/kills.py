"""What became of a desk that was killed again and again: its ledger against what its sinks have taken."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from fundtui.alerts.sqlite_store import SqliteStore
from tests.alerts.receiver import Receiver

ROOT = Path(__file__).parents[2]


class Outcome(NamedTuple):
    """The account of a run.

    said         what the run says of itself
    made         notices that a commit made durable
    lost         those of them that no sink has taken
    taken        requests that the sinks took; duplicates: those beyond the first of a notice
    split_keys   notices, by sink and content, that came under more than one key; split_bodies: keys with two contents
    unsettled    deliveries that the store still has; problem: what the store says of itself, empty for a whole one
    transitions  how many there were; out_of_order: alerts whose transitions' numbers do not grow
    """

    said: str
    made: int
    lost: int
    taken: int
    duplicates: int
    refused: int
    split_keys: int
    split_bodies: int
    unsettled: int
    problem: str
    transitions: int
    out_of_order: int


def run(folder: Path, kills: int, seed: int, timeout_s: float = 600.0) -> Outcome:
    """Kill a desk that often while it works against sinks that err, hang and lose replies, and draw up the account.

    Raises RuntimeError where a life did not end as it should.
    """
    with Receiver(errors=0.05, lost=0.03, hangs=0.005) as receiver:
        words = [sys.executable, "-m", "tests.alerts.kill_child", str(folder), receiver.url, str(kills), str(seed)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    made = set((folder / "ledger").read_text().split())
    keys = {key for _, key, _ in receiver.taken}
    keys_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    bodies_of: dict[str, set[bytes]] = defaultdict(set)
    for path, key, body in receiver.taken:
        entries = json.loads(body)["alerts"]
        # The same words to the same sink are the same notice.
        keys_of[path, json.dumps([[one["id"], one["number"], one["status"]] for one in entries])].add(key)
        bodies_of[key].add(body)
    store = SqliteStore(folder / "state.db", now_ms=0)
    numbers: dict[str, list[int]] = defaultdict(list)
    for _, one in store.after(0, limit=1_000_000):
        numbers[one.fingerprint].append(one.number)
    unsettled, problem = len(store.load().deliveries), store.problem
    store.close()
    return Outcome(
        said=done.stdout.strip(),
        made=len(made),
        lost=len(made - keys),
        taken=len(receiver.taken),
        duplicates=len(receiver.taken) - len(keys),
        refused=receiver.refused,
        split_keys=sum(len(one) > 1 for one in keys_of.values()),
        split_bodies=sum(len(one) > 1 for one in bodies_of.values()),
        unsettled=unsettled,
        problem=problem,
        transitions=sum(map(len, numbers.values())),
        out_of_order=sum(any(a >= b for a, b in pairwise(one)) for one in numbers.values()),
    )
