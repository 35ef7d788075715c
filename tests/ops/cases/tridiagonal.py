"""Cases of ops/tridiagonal.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, complexes, floats


def _dominant(*batch: int, size: int = 5) -> np.ndarray:
    return floats(*batch, 3, size) + np.float32([[0], [5], [0]])


_COMPLEX = (complexes(3, 5) + np.array([[0], [5], [0]])).astype(np.complex64)

CASES = [
    Case("TridiagonalSolve", (_dominant(), floats(5, 2))),
    Case("TridiagonalSolve", (_dominant(2), floats(2, 5, 3)), note="batch"),
    Case("TridiagonalSolve", (_COMPLEX, complexes(5, 2)), note="complex", grad=False),
    Case(
        "TridiagonalSolve", (_dominant(), floats(5, 1)), {"partial_pivoting": False}, note="plain"
    ),
    Case("TridiagonalSolve", (_dominant(size=1), floats(1, 2)), note="one", grad=False),
    Case("TridiagonalMatMul", (floats(1, 5), floats(1, 5), floats(1, 5), floats(5, 2))),
    Case(
        "TridiagonalMatMul",
        (*(floats(2, 1, 4, seed=i) for i in range(3)), floats(2, 4, 3)),
        note="batch",
    ),
    Case(
        "TridiagonalMatMul",
        (*(complexes(1, 4, seed=i) for i in range(3)), complexes(4, 3)),
        note="complex",
        grad=False,
    ),
]
