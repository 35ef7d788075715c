"""Cases of ops/patches.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, bools, floats, ints

_X = floats(2, 6, 5, 3)


def _attrs(size: int, stride: int, rate: int, padding: str) -> dict[str, Any]:
    sizes = {
        name: [1, n, n, 1] for name, n in (("ksizes", size), ("strides", stride), ("rates", rate))
    }
    return {**sizes, "padding": padding}


_WINDOWS = {
    "2x2 SAME": _attrs(2, 2, 1, "SAME"),
    "3x3/2 VALID": _attrs(3, 2, 1, "VALID"),
    "3x3/1 SAME": _attrs(3, 1, 1, "SAME"),
    "3x3/2 rate 2": _attrs(3, 2, 2, "SAME"),
    "2x2/3": _attrs(2, 3, 1, "VALID"),
    "2x1/1x2 rate 1x3": {"ksizes": [1, 2, 1, 1], "strides": [1, 1, 2, 1], "rates": [1, 3, 1, 1], "padding": "VALID"},
}  # fmt: skip
_VOLUME = {"ksizes": [1, 2, 3, 1, 1], "strides": [1, 1, 2, 1, 1]}

CASES = [
    *(Case("ExtractImagePatches", (_X,), attrs, note=note) for note, attrs in _WINDOWS.items()),
    Case("ExtractImagePatches", (ints(2, 4, 4, 1),), _WINDOWS["2x2 SAME"], note="int32"),
    Case("ExtractImagePatches", (bools(2, 4, 4, 1),), _WINDOWS["3x3/1 SAME"], oracle=False, why="TensorFlow declares the type and has no kernel", note="bool"),
    Case("ExtractVolumePatches", (floats(2, 3, 5, 2, 2),), {**_VOLUME, "padding": "SAME"}, grad=False),
    Case("ExtractVolumePatches", (floats(2, 3, 5, 2, 2),), {**_VOLUME, "padding": "VALID"}, note="VALID"),
    Case("ExtractVolumePatches", (np.int32(floats(1, 2, 3, 2, 1) * 10),), {**_VOLUME, "padding": "SAME"}, note="int32"),
]  # fmt: skip
