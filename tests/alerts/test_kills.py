"""kill -9 between every step: what a commit made durable reaches its sink, and what comes twice has one key."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from fundtui.alerts.sqlite_store import SqliteStore
from tests.alerts.receiver import Receiver

ROOT = Path(__file__).parents[2]
KILLS = 300


def run(folder: Path, receiver: Receiver, kills: int, seed: int) -> str:
    """Let a desk be killed that often; what the run says of itself."""
    words = [sys.executable, "-m", "tests.alerts.kill_child", str(folder), receiver.url, str(kills), str(seed)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_nothing_is_lost_and_duplicates_share_their_key(tmp_path: Path) -> None:
    with Receiver(errors=0.05, lost=0.03, hangs=0.005) as receiver:
        said = run(tmp_path, receiver, KILLS, seed=20)
    ledger = (tmp_path / "ledger").read_text().split()
    assert said.startswith(f"{KILLS} kills")
    assert len(set(ledger)) > KILLS
    taken = {key for _, key, _ in receiver.taken}
    assert set(ledger) - taken == set(), f"lost {len(set(ledger) - taken)} of {len(set(ledger))}"
    # The same words to the same sink are the same notice.
    keys_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    bodies_of: dict[str, set[bytes]] = defaultdict(set)
    for path, key, body in receiver.taken:
        entries = json.loads(body)["alerts"]
        keys_of[path, json.dumps([[one["id"], one["number"], one["status"]] for one in entries])].add(key)
        bodies_of[key].add(body)
    assert all(len(keys) == 1 for keys in keys_of.values())
    assert all(len(bodies) == 1 for bodies in bodies_of.values())
    assert len(receiver.taken) > len(taken), "replies were lost, so some came twice"
    assert receiver.refused > 10
    store = SqliteStore(tmp_path / "state.db", now_ms=0)
    assert store.problem == ""
    assert store.load().deliveries == {}
    numbers: dict[str, list[int]] = defaultdict(list)
    for _, one in store.after(0, limit=100_000):
        numbers[one.fingerprint].append(one.number)
    store.close()
    # Each transition of an alert has a number of its own, over all lives.
    assert sum(map(len, numbers.values())) > KILLS / 2
    assert all(all(a < b for a, b in pairwise(of_one)) for of_one in numbers.values())
