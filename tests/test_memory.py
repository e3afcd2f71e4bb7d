"""Memory that is free again goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import threading
from pathlib import Path
from fundtui import memory

def held_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

memory.settle_allocator()
blocks = []
# Another thread's blocks lie on the same heap, and what is kept at its end keeps all of it.
worker = threading.Thread(target=lambda: blocks.extend(bytearray(b"x" * 100_000) for _ in range(800)))
worker.start()
worker.join()
full = held_mb()
blocks = blocks[-1:]
freed = held_mb()
memory.give_back()
print(full, freed, held_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what is freed is given back on glibc only")
def test_what_is_free_in_the_middle_of_the_heap_is_given_back() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    full, freed, given_back = map(float, ended.stdout.split())
    assert freed > full - 20
    assert given_back < freed - 50
