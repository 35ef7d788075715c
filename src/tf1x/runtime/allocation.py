"""Memory that XLA's CPU programs give back is kept for the next run.

A program takes its intermediate results from the C library in one piece and gives it back at the
end. Pieces as large as those of a convolutional network (80 MB) the library takes from the system
each time, which clears every page: a sixth of the processor time of its training step (measured).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys

# mallopt's parameters (malloc.h): how much free memory at the end of the heap is given back to the
# system, and how many pieces of memory may lie outside of the heap.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_KEPT = 1 << 30


@functools.cache
def keep_freed_memory() -> None:
    """Let freed memory stay with this process: up to 1 GiB. Only with the GNU C library."""
    if sys.platform != "linux" or any(name.startswith("MALLOC_") for name in os.environ):
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _KEPT)
