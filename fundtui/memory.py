"""What the C library's allocator does with memory that is free again. Where it is not glibc nothing is done.

Answers of megabytes come and go with each poll. Left to itself the allocator keeps what they left behind, gives each
thread a heap of its own, and a program that holds a hundred megabytes takes fifty more for nothing.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
BLOCK_BYTES = 256 * 1024
"""Blocks from this size on are taken from the system one by one, so that they go back when they are free: whole
answers, but not the columns of one batch, which come and go a thousand times a second."""
SPARE_BYTES = 2 << 20
"""What may stay free at the end of the heap."""


def settle_allocator() -> None:
    """Choose one heap for all threads, and large blocks apart from it. Before any thread is started."""
    set_option = _glibc("mallopt")
    if set_option is not None:
        # A given threshold also stops the allocator from raising it to the largest answer there ever was.
        for option, value in (
            (_M_ARENA_MAX, 1),
            (_M_MMAP_THRESHOLD, BLOCK_BYTES),
            (_M_TRIM_THRESHOLD, SPARE_BYTES),
        ):
            set_option(option, value)


def give_back() -> None:
    """Return to the system what is free in the middle of the heap. Takes some milliseconds: not for the event loop."""
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _glibc(name: str) -> ctypes._NamedFuncPointer | None:
    """A function of the C library; None where there is none of that name."""
    try:
        function: ctypes._NamedFuncPointer = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        # Not glibc; on Windows there is no library without a name.
        return None
    return function
