"""Cases of ops/image_crop.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_IMAGES = floats(2, 5, 7, 3)
_BOXES = np.float32(
    [[0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], [0.9, 0.8, 0.15, 0.12], [-0.4, 0.3, 1.3, 0.77]]
)
_OF = np.int32([0, 1, 1, 0])
_SINGLE: dict[str, Any] = {"dtypes": ("float32",), "rtol": 1e-5, "atol": 3e-6}


def _crops(size: tuple[int, int], note: str, **attrs: Any) -> Case:
    gradient = attrs.get("method") != "nearest"  # by the boxes TensorFlow's is then bilinear's
    inputs = (_IMAGES, _BOXES, _OF, Const(np.int32(size)))
    return Case("CropAndResize", inputs, attrs, note=note, grad=gradient, **_SINGLE)


CASES = [
    _crops((4, 6), "larger and smaller", extrapolation_value=0.5),
    _crops((1, 1), "centres"),
    _crops((3, 1), "column"),
    _crops((4, 6), "nearest", method="nearest"),
    Case(
        "CropAndResize",
        (ints(2, 4, 4, 1, low=0, high=256, dtype="uint8"), _BOXES, _OF, Const(np.int32([3, 3]))),
        note="uint8",
        **_SINGLE,
    ),
    *(
        Case(
            "CropAndResizeGradImage",
            (floats(4, 4, 6, 3), _BOXES, _OF, Const(np.int32([2, 5, 7, 3]))),
            {"T": "float32", "method": method},
            grad=False,
            note=method,
            **_SINGLE,
        )
        for method in ("bilinear", "nearest")
    ),
    *(
        Case(
            "CropAndResizeGradBoxes",
            (floats(4, *size, 3), _IMAGES, _BOXES, _OF),
            grad=False,
            note=str(size),
            **_SINGLE,
        )
        for size in ((4, 6), (1, 1))
    ),
]
