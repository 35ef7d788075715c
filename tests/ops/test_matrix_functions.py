"""Functions of matrices, and tridiagonal systems: the same values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import complexes, floats

_REGULAR = (floats(2, 3, 3, seed=8) / 2 + 3 * np.eye(3)).astype(np.float32)
_WIDE = floats(2, 3, 5)
_DIAGONALS = floats(3, 5) + np.float32([[0], [5], [0]])
_RIGHT = floats(5, 2, seed=4)
_FULL = (np.diag(_DIAGONALS[1]) + np.diag(_DIAGONALS[0, :-1], 1) + np.diag(_DIAGONALS[2, 1:], -1)).astype(np.float32)  # fmt: skip


def _open(tf: Any, value: Any) -> Any:
    return tf.placeholder_with_default(tf.constant(value), [None] * np.ndim(value))


SAME: dict[str, Program] = {
    "sqrtm": lambda tf: tf.linalg.sqrtm(_REGULAR),
    "logm": lambda tf: tf.linalg.logm(tf.constant(_REGULAR.astype(np.complex64)), name="l"),
    "lu": lambda tf: list(tf.linalg.lu(tf.constant(_REGULAR))),
    "matvec": lambda tf: tf.linalg.matvec(tf.constant(_WIDE), tf.constant(_WIDE[:, 0])),
    "matvec adjoint": lambda tf: tf.linalg.matvec(_WIDE, floats(2, 3), adjoint_a=True, name="v"),
    "normalize": lambda tf: list(tf.linalg.normalize(tf.constant(_WIDE), axis=1)),
    "tridiagonal": lambda tf: tf.linalg.tridiagonal_solve(tf.constant(_DIAGONALS), tf.constant(_RIGHT)),
    "tridiagonal vector": lambda tf: tf.linalg.tridiagonal_solve(tf.constant(_DIAGONALS), tf.constant(_RIGHT[:, 0])),
    "tridiagonal transposed": lambda tf: tf.linalg.tridiagonal_solve(tf.constant(_DIAGONALS), tf.constant(_RIGHT.T.copy()), transpose_rhs=True, name="t"),
    "tridiagonal list": lambda tf: tf.linalg.tridiagonal_solve([tf.constant(_DIAGONALS[0, :-1]), tf.constant(_DIAGONALS[1]), tf.constant(_DIAGONALS[2, 1:])], tf.constant(_RIGHT), diagonals_format="sequence"),
}  # fmt: skip

# Values only: TensorFlow builds a cond and loops here, or adds assertions.
SAME_VALUES: dict[str, Program] = {
    **{
        f"expm {scale} {dtype}": lambda tf, scale=scale, dtype=dtype: tf.linalg.expm(tf.constant((scale * _REGULAR).astype(dtype)))
        for scale in (0.01, 0.3, 2.0) for dtype in ("float32", "float64")
    },
    "expm complex": lambda tf: tf.linalg.expm(tf.constant(complexes(4, 4))),
    "expm of several sizes": lambda tf: tf.linalg.expm(tf.constant(np.stack([0.01 * _REGULAR, 2 * _REGULAR]))),
    "expm open": lambda tf: tf.linalg.expm(_open(tf, _REGULAR)),
    "expm gradient": lambda tf: (lambda x: tf.gradients(tf.linalg.expm(x) ** 2, x))(tf.constant(0.3 * _REGULAR)),
    "sqrtm gradient": lambda tf: (lambda x: tf.gradients(tf.linalg.sqrtm(x) ** 2 * _REGULAR, x))(tf.constant(_REGULAR)),
    "lu back": lambda tf: tf.linalg.lu_reconstruct(*tf.linalg.lu(tf.constant(floats(2, 4, 4)))),
    "lu back one": lambda tf: tf.linalg.lu_reconstruct(*tf.linalg.lu(tf.constant(floats(4, 4)))),
    "lu solve": lambda tf: tf.linalg.lu_solve(*tf.linalg.lu(tf.constant(_REGULAR)), floats(2, 3, 2)),
    "lu solve one": lambda tf: tf.linalg.lu_solve(*tf.linalg.lu(tf.constant(_REGULAR[0])), floats(3, 2)),
    "lu inverse": lambda tf: tf.linalg.lu_matrix_inverse(*tf.linalg.lu(tf.constant(floats(2, 4, 4)))),
    "rank": lambda tf: [tf.linalg.matrix_rank(tf.constant(_WIDE)), tf.linalg.matrix_rank(np.ones([3, 3], np.float32), tol=0.1, name="r")],
    "pinv": lambda tf: [tf.linalg.pinv(tf.constant(_WIDE)), tf.linalg.pinv(tf.constant(_WIDE), rcond=0.5)],
    "pinv open": lambda tf: tf.linalg.pinv(_open(tf, _WIDE)),
    "tridiagonal matrix": lambda tf: tf.linalg.tridiagonal_solve(tf.constant(_FULL), tf.constant(_RIGHT), diagonals_format="matrix"),
    **{
        f"tridiagonal product {form}": lambda tf, form=form: tf.linalg.tridiagonal_matmul(_diagonals(tf, form), tf.constant(_RIGHT), form)
        for form in ("compact", "sequence", "matrix")
    },
}  # fmt: skip


def _diagonals(tf: Any, form: str) -> Any:
    if form == "sequence":
        return [tf.constant(x) for x in _DIAGONALS]
    return tf.constant(_FULL if form == "matrix" else _DIAGONALS)


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name], rtol=1e-4)


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False, rtol=1e-4)


ERRORS: dict[str, tuple[Program, str]] = {
    "expm": (lambda tf: tf.linalg.expm(tf.constant([[1]])), "ValueError"),
    "rank": (lambda tf: tf.linalg.matrix_rank([1.0]), "ValueError"),
    "rank type": (lambda tf: tf.linalg.matrix_rank(tf.constant([[1]])), "TypeError"),
    "lu": (lambda tf: list(tf.linalg.lu(np.ones([2, 2], np.float32))), "InvalidArgumentError"),
    "lu solve": (lambda tf: tf.linalg.lu_solve(_REGULAR[0], [0, 1, 2], floats(4, 2)), "ValueError"),
    "tridiagonal": (lambda tf: tf.linalg.tridiagonal_solve(tf.zeros([3, 4]), tf.zeros([5, 2])), "ValueError"),
    "form": (lambda tf: tf.linalg.tridiagonal_solve(tf.zeros([3, 4]), tf.zeros([4, 2]), "other"), "ValueError"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    from tests.oracle import tf1

    program, kind = ERRORS[name]
    assert [error_of(tf, program)[0] for tf in (tf1x, tf1)] == [kind, kind]
