"""Cases of ops/morphology.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats, ints


def _attrs(stride: tuple[int, int], rate: tuple[int, int], padding: str) -> dict[str, Any]:
    return {"strides": [1, *stride, 1], "rates": [1, *rate, 1], "padding": padding}


def _family(
    note: str, x: np.ndarray, w: np.ndarray, sizes: tuple[int, int], attrs: dict[str, Any]
) -> list[Case]:
    g = floats(x.shape[0], *sizes, x.shape[-1], seed=9).astype(x.dtype)
    return [
        Case("Dilation2D", (x, w), attrs, note=note),
        Case("Dilation2DBackpropInput", (x, w, g), attrs, note=note, grad=False),
        Case("Dilation2DBackpropFilter", (x, w, g), attrs, note=note, grad=False),
    ]


_X, _W = floats(2, 6, 7, 3), floats(3, 2, 3, seed=1)
_TIED = ints(2, 6, 7, 3, low=0, high=2).astype(np.float32)  # many equal maxima

CASES = [
    *_family("same", _X, _W, (6, 7), _attrs((1, 1), (1, 1), "SAME")),
    *_family("valid, stride", _X, _W, (2, 2), _attrs((2, 3), (1, 1), "VALID")),
    *_family("same, stride, rate", _X, _W, (3, 7), _attrs((2, 1), (2, 3), "SAME")),
    *_family("ties", _TIED, np.zeros_like(_W), (6, 7), _attrs((1, 1), (1, 1), "SAME")),
    *_family("int32", ints(2, 4, 5, 2), ints(2, 2, 2, seed=1), (4, 5), _attrs((1, 1), (1, 1), "SAME")),
]  # fmt: skip
