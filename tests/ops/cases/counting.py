"""Cases of ops/counting.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_VALUES = ints(9, low=0, high=6)
_NO_WEIGHTS = Const(np.float32([]))

CASES = [
    Case("Bincount", (_VALUES, Const(7), Const(np.int32([]))), note="int32"),
    Case("Bincount", (_VALUES, Const(4), _NO_WEIGHTS), note="cut off", dtypes=("float32",)),
    Case("Bincount", (_VALUES, Const(7), floats(9)), note="weights", grad=False),
    Case("DenseBincount", (_VALUES, Const(7), Const(np.int32([]))), note="int32"),
    Case("DenseBincount", (_VALUES, Const(7), floats(9)), note="weights", grad=False),
    Case("DenseBincount", (ints(2, 5, low=0, high=6), Const(5), Const(np.int32([]))), note="rows"),
    Case(
        "DenseBincount",
        (_VALUES, Const(7), Const(np.int32([]))),
        {"binary_output": True},
        note="binary",
    ),
    Case(
        "HistogramFixedWidth",
        (floats(3, 5), Const(np.float32([-1, 1])), Const(4)),
        dtypes=("float32",),
    ),
    Case(
        "HistogramFixedWidth",
        (np.float32([-5, 0, 1.5, 2, 5, 15]), Const(np.float32([0, 5])), Const(5)),
        {"dtype": "int64"},
        dtypes=("float32",),
        note="edges",
    ),
    Case("HistogramFixedWidth", (ints(9), Const(np.int32([-3, 3])), Const(3)), note="int32"),
]
