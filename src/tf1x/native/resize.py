"""Bilinear resizing of arrays in memory by the native kernel: the numbers of `image_resize.py`."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from tf1x.native.library import library


class Between(NamedTuple):
    """For each output row or column two of the input, and how far it lies towards the second."""

    lower: np.ndarray[Any, Any]
    upper: np.ndarray[Any, Any]
    lerp: np.ndarray[Any, Any]


def bilinear(images: Any, rows: Between, columns: Between) -> Any | None:
    """`images` [batch, height, width, depth], uint8 or float32, in another size, as float32.

    None where there is no kernel for them.
    """
    if not isinstance(images, np.ndarray) or images.dtype not in (np.uint8, np.float32):
        return None
    kernels = library()
    if kernels is None:
        return None
    images = np.ascontiguousarray(images)
    batch, height, width, depth = images.shape
    out = np.empty((batch, len(rows.lower), len(columns.lower), depth), np.float32)
    shape = (ctypes.c_int64 * 6)(batch, height, width, depth, *out.shape[1:3])
    places = [np.ascontiguousarray(part, np.int64) for part in (*rows[:2], *columns[:2])]
    lerps = [np.ascontiguousarray(part.lerp, np.float32) for part in (rows, columns)]
    kernels.tf1x_resize_bilinear(
        images.ctypes.data, images.dtype == np.uint8, shape, *(a.ctypes.data for a in places),
        *(a.ctypes.data for a in lerps), out.ctypes.data,
    )  # fmt: skip
    return out
