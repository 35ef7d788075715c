"""Cases of ops/bitwise.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, ints

_PAIR = ints(2, 3, low=-90, high=90), ints(3, low=-90, high=90, seed=1)
_BYTES = ints(2, 3, low=0, high=200, dtype="uint8"), ints(3, low=0, high=200, seed=1, dtype="uint8")
_SHIFTED = ints(2, 3, low=-90, high=90), np.int32([0, 3, 40])

CASES = [
    *(
        Case(op, inputs, note=inputs[0].dtype.name)
        for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")
        for inputs in (_PAIR, _BYTES)
    ),
    Case("LeftShift", (ints(2, 3), np.int32([0, 3, 5]))),
    Case("RightShift", _SHIFTED),
    Case("Invert", (ints(5),)),
    Case("Invert", (_BYTES[0],), note="uint8"),
    Case("PopulationCount", (ints(5, low=-90, high=90),)),
    Case("PopulationCount", (_BYTES[0],), note="uint8"),
]
