"""Cases of ops/array_pad.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

CASES = [
    Case("Pad", (floats(2, 3), Const([[1, 0], [2, 3]]))),
    Case("Pad", (ints(2), Const(np.int64([[0, 2]]))), note="int32"),
    Case("Pad", (floats(0, 2), Const([[1, 1], [0, 0]])), note="empty"),
    Case("PadV2", (floats(2, 3), Const([[1, 0], [2, 3]]), floats())),
    Case("MirrorPad", (floats(3, 4), Const([[2, 1], [0, 3]])), {"mode": "REFLECT"}),
    Case("MirrorPad", (floats(3, 4), Const([[3, 1], [0, 4]])), {"mode": "SYMMETRIC"}),
]
