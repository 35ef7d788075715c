"""Cases of ops/math.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, bools, floats, ints

_BROADCASTING = [
    ("same", floats(2, 3), floats(2, 3, seed=1)),
    ("row", floats(2, 3), floats(3, seed=1)),
    ("outer", floats(2, 1), floats(1, 3, seed=1)),
    ("scalar", floats(2, 3), floats(seed=1)),
]


def _binary(op: str, **options: object) -> list[Case]:
    return [Case(op, (x, y), note=note, **options) for note, x, y in _BROADCASTING]  # type: ignore[arg-type]


_TIED = np.float32([1.0, 2.0, 3.0]), np.float32([1.0, 3.0, 2.0])

CASES = [
    *_binary("Add"),
    *_binary("AddV2"),
    *_binary("Sub"),
    *_binary("Mul"),
    *_binary("RealDiv"),
    *_binary("Maximum"),
    *_binary("Minimum"),
    Case("Maximum", _TIED, note="ties"),
    Case("Minimum", _TIED, note="ties"),
    Case("AddV2", (ints(2, 3), ints(3, seed=1)), note="int32"),
    Case("LogicalAnd", (bools(2, 3), bools(3, seed=1))),
    Case("Neg", (floats(2, 3),)),
    Case("Square", (floats(2, 3),)),
    Case("Sqrt", (np.float32([0.0, 0.25, 2.0]),)),
    Case("Cast", (floats(2, 3) * 3,), {"DstT": "int32"}),
]
