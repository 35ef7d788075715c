"""How the C library's allocator serves XLA, which asks for a program's working memory at every run.

By default glibc takes blocks of more than 32 MB from the system and gives them back when they are
freed, in threads other than the main one nearly all large blocks. Each run then spends up to a
tenth of its time on the system's clearing pages. See docs/decisions/0012.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

# mallopt's parameters (malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# Blocks up to this size are kept, and at most twice as much of free memory at the heap's end.
_KEPT = 512 << 20
# A user who has set one of these knows better.
_SETTINGS = (
    "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
)


@cache
def keep_memory() -> None:
    """Have freed memory kept for the next run.

    It has its full effect only before XLA starts its threads. Other systems than Linux with glibc,
    and users' own settings, are left as they are.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _SETTINGS):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # not glibc
        return
    mallopt(_MMAP_THRESHOLD, _KEPT)
    mallopt(_TRIM_THRESHOLD, 2 * _KEPT)
    mallopt(_ARENA_MAX, 1)
