"""Cases of ops/clustering.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats

_CENTERS = np.float32([[0, 0, 1], [2, -1, 0], [-3, 1, 2], [0.5, 4, -2]])
_TIED = np.float32([[1, 0], [-1, 0], [0, 1]])
_FLOAT = {"dtypes": ("float32",), "grad": False}

CASES = [
    Case("NearestNeighbors", (floats(5, 3), _CENTERS, Const(np.int64(1))), **_FLOAT),
    Case("NearestNeighbors", (floats(5, 3), _CENTERS, Const(np.int64(3))), note="several", **_FLOAT),
    Case("NearestNeighbors", (floats(5, 3), _CENTERS, Const(np.int64(9))), note="all", **_FLOAT),
    Case("NearestNeighbors", (np.zeros((1, 2), np.float32), _TIED, Const(np.int64(1))), note="ties", **_FLOAT),
]  # fmt: skip
