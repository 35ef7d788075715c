"""Cases of ops/matmul.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, floats, ints

_COMPLEX = floats(3, 2, seed=5) + 1j * floats(3, 2, seed=6)
_COMPLEX_STACK = floats(2, 3, 4, seed=5) + 1j * floats(2, 3, 4, seed=6)

CASES = [
    Case("MatMul", (floats(2, 3), floats(3, 4, seed=1))),
    Case("MatMul", (floats(3, 2), floats(3, 4, seed=1)), {"transpose_a": True}, note="ta"),
    Case("MatMul", (floats(2, 3), floats(4, 3, seed=1)), {"transpose_b": True}, note="tb"),
    Case(
        "MatMul",
        (floats(3, 2), floats(4, 3, seed=1)),
        {"transpose_a": True, "transpose_b": True},
        note="ta-tb",
    ),
    Case("MatMul", (ints(2, 3), ints(3, 4, seed=1)), note="int32"),
    Case("MatMul", (floats(0, 3), floats(3, 4, seed=1)), note="no-rows"),
    Case("MatMul", (floats(2, 0), floats(0, 4, seed=1)), note="nothing-to-sum"),
    Case("MatMul", (_COMPLEX.T, _COMPLEX[::-1]), note="complex"),
    Case("MatMul", (_COMPLEX, _COMPLEX[::-1]), {"transpose_a": True}, note="complex-ta"),
    Case("SparseMatMul", (floats(2, 3), floats(3, 4, seed=1)), dtypes=("float32",)),
    Case(
        "SparseMatMul",
        (floats(3, 2), floats(4, 3, seed=1)),
        {"transpose_a": True, "transpose_b": True, "a_is_sparse": True},
        dtypes=("float32",),
        note="transposed",
    ),
    Case("BatchMatMul", (floats(2, 3, 4), floats(2, 4, 5, seed=1))),
    Case(
        "BatchMatMul",
        (floats(2, 4, 3), floats(2, 5, 4, seed=1)),
        {"adj_x": True, "adj_y": True},
        note="adjoint",
    ),
    Case("BatchMatMul", (floats(3, 4), floats(4, 5, seed=1)), note="matrices"),
    Case("BatchMatMulV2", (floats(2, 3, 4), floats(2, 4, 5, seed=1))),
    Case("BatchMatMulV2", (floats(2, 1, 3, 4), floats(5, 4, 2, seed=1)), note="broadcast"),
    Case("BatchMatMulV2", (floats(2, 3, 4), floats(4, 5, seed=1)), note="shared-matrix"),
    Case(
        "BatchMatMulV2",
        (_COMPLEX_STACK, np.conj(_COMPLEX_STACK)),
        {"adj_x": True},
        note="complex-adjoint",
    ),
    Case("BatchMatMulV2", (ints(2, 3, 4), ints(2, 4, 5, seed=1)), note="int32"),
    Case("BatchMatMulV3", (floats(2, 3, 4), floats(2, 4, 5, seed=1)), {"Tout": "float32"}),
    Case(
        "BatchMatMulV3",
        (ints(2, 3, 4, dtype="int8"), ints(2, 4, 5, seed=1, dtype="int8")),
        {"Tout": "int32"},
        note="int8",
    ),
]
