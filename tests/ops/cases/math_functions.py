"""Cases of ops/math_functions.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

CASES = [
    Case("Cross", (floats(2, 3), floats(2, 3, seed=1))),
    Case("Cross", (ints(3), ints(3, seed=1)), note="int32"),
    Case("LinSpace", (np.float32(-1.0), np.float32(2.5), Const(8))),
    Case("LinSpace", (np.float32(3.0), np.float32(2.5), Const(1)), note="one"),
    Case("NextAfter", (floats(2, 3), floats(3, seed=1)), grad=False),
]
