"""Cases of ops/matrix_functions.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, complexes, floats


def _regular(*batch: int, size: int = 3) -> np.ndarray:
    return (floats(*batch, size, size, seed=8) / 2 + 3 * np.eye(size)).astype(np.float32)


def _complex(*batch: int, size: int = 3) -> np.ndarray:
    return (complexes(*batch, size, size) / 2 + 3 * np.eye(size)).astype(np.complex64)


_WHY = "TensorFlow has no gradient of it"
_ITERATIVE = {"rtol": 1e-4, "atol": 1e-5, "rtol64": 1e-8, "atol64": 1e-9}

CASES = [
    Case("MatrixLogarithm", (_complex(),), grad=False, note="iterative", **_ITERATIVE),
    Case("MatrixLogarithm", (_complex(2),), grad=False, note="iterative, batch", **_ITERATIVE),
    Case("MatrixSquareRoot", (_regular(),), note="iterative", **_ITERATIVE),
    Case("MatrixSquareRoot", (_regular(2),), note="iterative, batch", **_ITERATIVE),
    Case("MatrixSquareRoot", (_complex(),), grad=False, note="complex, iterative", **_ITERATIVE),
    Case("MatrixSquareRoot", (np.zeros((0, 0), np.float32),), grad=False, note="empty"),
    Case("Lu", (_regular(),), grad=False, note=_WHY),
    Case("Lu", (floats(2, 4, 4),), {"output_idx_type": "int64"}, grad=False, note=f"batch: {_WHY}"),
    Case("Lu", (_complex(),), grad=False, note=f"complex: {_WHY}"),
]
