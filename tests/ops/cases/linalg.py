"""Cases of ops/linalg.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, floats


def _definite(*batch: int, size: int = 3) -> np.ndarray:
    """Symmetric positive definite matrices, well conditioned."""
    x = floats(*batch, size, size, seed=7)
    return (x @ np.swapaxes(x, -1, -2) + size * np.eye(size)).astype(np.float32)


def _regular(*batch: int, size: int = 3) -> np.ndarray:
    return (floats(*batch, size, size, seed=8) + 4 * np.eye(size)).astype(np.float32)


_HERMITIAN = np.complex64([[4, 1 + 2j, 0], [1 - 2j, 5, 1j], [0, -1j, 6]])
_L2 = np.float64(0.5)
_SIGNS = "the signs of the vectors are free: compared in tests/ops/test_linalg.py"

CASES = [
    Case("Cholesky", (_definite(),)),
    Case("Cholesky", (_definite(2),), note="batch"),
    Case("Cholesky", (_HERMITIAN,), note="complex", grad=False),
    Case(
        "Cholesky",
        (np.float32([[1, 2], [2, 1]]),),
        note="indefinite",
        oracle=False,
        why="after a failure TensorFlow fills the lower triangle with NaNs and leaves the upper unset",
    ),
    Case("Qr", (_regular(),)),
    Case("Qr", (floats(2, 4, 3),), note="tall-batch"),
    Case("Qr", (floats(4, 3),), {"full_matrices": True}, note="full", grad=False),
    Case("Qr", (floats(2, 4),), note="wide", grad=False),
    Case(
        "Svd",
        (floats(4, 3),),
        {"compute_uv": False},
        note="values",
        oracle=False,
        why="TensorFlow leaves u and v unset: compared in tests/ops/test_linalg.py",
    ),
    Case("Svd", (floats(2, 4, 3),), oracle=False, why=_SIGNS),
    Case("Svd", (floats(3, 4),), {"full_matrices": True}, note="full", oracle=False, why=_SIGNS),
    Case(
        "SelfAdjointEigV2",
        (_definite(),),
        {"compute_v": False},
        note="values",
        oracle=False,
        why="TensorFlow leaves v unset: compared in tests/ops/test_linalg.py",
    ),
    Case("SelfAdjointEigV2", (_definite(2),), oracle=False, why=_SIGNS),
    Case("MatrixInverse", (_regular(),)),
    Case("MatrixInverse", (_regular(2),), {"adjoint": True}, note="batch-adjoint"),
    Case("MatrixInverse", (_HERMITIAN,), note="complex"),
    Case("MatrixDeterminant", (_regular(),)),
    Case("MatrixDeterminant", (_regular(2),), note="batch"),
    Case("LogMatrixDeterminant", (_regular(),)),
    Case("LogMatrixDeterminant", (-_regular(2),), note="negative"),
    Case("MatrixSolve", (_regular(), floats(3, 2))),
    Case("MatrixSolve", (_regular(2), floats(2, 3, 2)), {"adjoint": True}, note="batch-adjoint"),
    Case("MatrixTriangularSolve", (_regular(), floats(3, 2))),
    Case(
        "MatrixTriangularSolve",
        (_regular(2), floats(2, 3, 2)),
        {"lower": False},
        note="upper-batch",
    ),
    Case("MatrixTriangularSolve", (_regular(), floats(3, 2)), {"adjoint": True}, note="adjoint"),
    Case(
        "MatrixTriangularSolve",
        (_regular(), floats(2, 3, 2)),
        {"lower": False, "adjoint": True},
        note="broadcast",
        grad=False,
    ),
    Case("MatrixSolveLs", (floats(4, 3), floats(4, 2, seed=1), _L2)),
    Case("MatrixSolveLs", (floats(2, 3, 4), floats(2, 3, 2, seed=1), _L2), note="wide"),
    Case(
        "MatrixSolveLs",
        (floats(4, 3), floats(4, 2, seed=1), np.float64(0)),
        {"fast": False},
        grad=False,
        note="slow",
    ),
]
