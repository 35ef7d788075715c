"""Cases of ops/image_color.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats

_COLORS = floats(2, 4, 5, 3, low=0.0, high=1.0)
_PLAIN = np.float32([[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.2], [0.2, 0.5, 0.5], [0.5, 0.2, 0.5], [1, 0, 0], [0, 1, 0], [0, 0, 1]])  # fmt: skip
_SINGLE: dict[str, Any] = {"dtypes": ("float32",), "grad": False}

CASES = [
    # TensorFlow writes the gradient by hand, in products of squares, which rounds more.
    Case("RGBToHSV", (_COLORS,), rtol=1e-4, atol=1e-5, rtol64=1e-8),
    Case("RGBToHSV", (_PLAIN,), grad=False, note="ties"),
    Case("HSVToRGB", (_COLORS,)),
    Case("HSVToRGB", (_PLAIN,), note="edges"),
    *(
        Case("AdjustContrastv2", (_COLORS, np.float32(f)), note=str(f), **_SINGLE)
        for f in (0.4, 1.7, -1)
    ),
    *(
        Case("AdjustHue", (_COLORS, np.float32(d)), note=str(d), **_SINGLE)
        for d in (0.1, -0.3, 0.9)
    ),
    Case("AdjustHue", (_PLAIN.reshape(2, 4, 3), np.float32(0.15)), note="ties", **_SINGLE),
    *(
        Case("AdjustSaturation", (_COLORS, np.float32(s)), note=str(s), **_SINGLE)
        for s in (0.0, 0.6, 3.0)
    ),
    Case("AdjustSaturation", (_PLAIN.reshape(2, 4, 3), np.float32(0.5)), note="ties", **_SINGLE),
]
