"""Cases of ops/array_diag.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, bools, floats, ints

_ALIGN = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")
_BANDS = [
    (0, (3, 4)),
    (1, (3, 4)),
    (-2, (4, 3)),
    ([-1, 1], (3, 4)),
    ([-2, 0], (4, 3)),
    ([1, 2], (3, 3)),
]


def _width(k: Any, rows: int, cols: int) -> int:
    low, high = np.ravel(k)[0], np.ravel(k)[-1]
    return int(min(rows + min(high, 0), cols - max(low, 0)))


def _packed(k: Any, rows: int, cols: int) -> np.ndarray:
    low, high = np.ravel(k)[0], np.ravel(k)[-1]
    count = () if low == high else (high - low + 1,)
    return floats(2, *count, _width(k, rows, cols), seed=1)


def _band_cases(version: str, align: str | None) -> list[Case]:
    attrs = {"align": align} if align else {}
    rows = []
    for k, (m, n) in _BANDS:
        size = Const(np.int32(m)), Const(np.int32(n))
        # TensorFlow 2.21's gradients of V2 take V3's alignment, which differs from V2's above.
        grad = version == "V3" or np.max(k) <= 1
        packed, matrix, where = _packed(k, m, n), floats(2, m, n), Const(np.int32(k))
        rows += [
            Case(
                f"MatrixDiag{version}",
                (packed, where, *size, Const(np.float32(0))),
                attrs,
                grad=grad,
                note=f"{k}",
            ),
            Case(
                f"MatrixDiagPart{version}",
                (matrix, where, Const(np.float32(-9))),
                attrs,
                grad=grad,
                note=f"{k}",
            ),
            Case(f"MatrixSetDiag{version}", (matrix, packed, where), attrs, grad=grad, note=f"{k}"),
        ]
    return rows


_MINUS = Const(np.int32(-1))

CASES = [
    Case("MatrixDiag", (floats(2, 3),)),
    Case("MatrixDiag", (ints(3),), note="int32"),
    Case("MatrixDiagPart", (floats(2, 3, 4),)),
    Case("MatrixDiagPart", (floats(3, 3),), note="square"),
    Case("MatrixSetDiag", (floats(2, 3, 4), floats(2, 3, seed=1))),
    *_band_cases("V2", None),
    *[case for align in _ALIGN for case in _band_cases("V3", align)],
    Case(
        "MatrixDiagV3",
        (floats(3), Const(np.int32(-1)), _MINUS, _MINUS, floats()),
        note="sizes inferred",
    ),
    Case("MatrixDiagV3", (bools(3), Const(np.int32(0)), _MINUS, _MINUS, Const(False)), note="bool"),
    Case("MatrixBandPart", (floats(2, 4, 5), Const(1), Const(2))),
    Case("MatrixBandPart", (floats(4, 4), Const(np.int64(-1)), Const(np.int64(0))), note="lower"),
    Case("MatrixBandPart", (floats(4, 4), np.int32(0), np.int32(-1)), note="fed"),
    Case("Diag", (floats(3),)),
    Case("Diag", (floats(2, 3),), note="rank 2"),
    Case("DiagPart", (floats(3, 3),)),
    Case("DiagPart", (floats(2, 3, 2, 3),), note="rank 4"),
]
