"""Arrays that XLA can read in place on a CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.native.library import library

# XLA's `cpu::Align`.
_BYTES = 64


def aligned(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array, or a copy of it, by rows and where XLA wants arrays to begin."""
    if value.flags.c_contiguous and value.ctypes.data % _BYTES == 0:
        return value
    memory = np.empty(value.nbytes + _BYTES, np.uint8)
    start = -memory.ctypes.data % _BYTES
    found: np.ndarray[Any, Any] = memory[start : start + value.nbytes].view(value.dtype)
    found = found.reshape(value.shape)
    kernels = library()
    if kernels is not None and value.flags.c_contiguous:
        kernels.tf1x_copy(value.ctypes.data, value.nbytes, found.ctypes.data)
    else:
        found[...] = value
    return found
