"""Cases of ops/image_resize.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_IMAGES = floats(2, 5, 7, 3)
_PIXELS = ints(1, 6, 5, 1, low=0, high=256, dtype="uint8")
_SIZES = [("up", (9, 11)), ("down", (3, 2)), ("mixed", (13, 4)), ("one", (1, 1)), ("same", (5, 7))]
_CORNERS = ({}, {"align_corners": True}, {"half_pixel_centers": True})


def _resizes(op: str, modes: Any = _CORNERS, **options: Any) -> list[Case]:
    rows = [
        Case(op, (_IMAGES, Const(np.int32(size))), mode, note=f"{note} {''.join(mode)}", **options)
        for note, size in _SIZES
        for mode in modes
    ]
    pixels = Case(op, (_PIXELS, Const(np.int32([4, 8]))), note="uint8")
    fed = Case(op, (_IMAGES, np.int32([4, 8])), note="fed", data_dependent=True, **options)
    return [*rows, pixels, fed]


def _gradients(op: str, original: Any) -> list[Case]:
    return [
        Case(op, (floats(2, 4, 9, 3), original), mode, grad=False, dtypes=("float32",), note=note)
        for mode in _CORNERS
        for note in ["".join(mode)]
    ]


# TensorFlow computes in float32 whatever the images are.
_SINGLE: dict[str, Any] = {"rtol64": 1e-5, "atol64": 1e-6}

CASES = [
    *_resizes("ResizeBilinear", **_SINGLE),
    *_resizes("ResizeNearestNeighbor"),
    *_resizes("ResizeBicubic", atol=3e-6, rtol64=1e-5, atol64=3e-6),
    *_resizes("ResizeArea", _CORNERS[:2], grad=False, **_SINGLE),
    *_gradients("ResizeBilinearGrad", _IMAGES),
    *_gradients("ResizeBicubicGrad", _IMAGES),
    *_gradients("ResizeNearestNeighborGrad", Const(np.int32([5, 7]))),
    Case(
        "ResizeNearestNeighborGrad",
        (ints(1, 4, 9, 2), Const(np.int32([3, 20]))),
        note="int32",
    ),
]
