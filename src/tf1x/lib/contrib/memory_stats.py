"""`tf.contrib.memory_stats`: how much memory is in use.

On a GPU the figures are those of XLA's allocator. A CPU has no allocator that counts: there they
are the memory of the whole process as the operating system gives it, which includes Python's own.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any

import numpy as np

from tf1x.core.opdef import op
from tf1x.ops.shape_rules import scalar

_SHARED = {"host": True, "stateful": True, "grad": None, "shape": scalar}


def _of_device() -> dict[str, Any]:
    """The first accelerator's figures; none where there is none, or where it keeps none."""
    import jax

    device = jax.devices()[0]
    return {} if device.platform == "cpu" else device.memory_stats() or {}


def _resident() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no Linux: the peak is all there is
        return _peak()


def _peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@op("-> out: int64", **_SHARED)
def BytesInUse():
    """The bytes in use: of the GPU, or (CPU) resident memory of the process."""
    return np.int64(_of_device().get("bytes_in_use") or _resident())


@op("-> out: int64", **_SHARED)
def BytesLimit():
    """The most bytes that may be used: of the GPU, or (CPU) the memory of the machine."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return np.int64(_of_device().get("bytes_limit") or memory)


@op("-> out: int64", **_SHARED)
def MaxBytesInUse():
    """The most bytes that were in use at once since the process began."""
    # The kernel brings its note of the peak up to date now and then only.
    return np.int64(_of_device().get("peak_bytes_in_use") or max(_peak(), _resident()))
