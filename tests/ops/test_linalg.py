"""The functions of linear algebra: the same graphs and values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats, ints

_X = floats(3, 4)
_Y = floats(4, 5, seed=1)
_CUBE = floats(2, 3, 4)
_SQUARE = (floats(3, 3, seed=8) + 4 * np.eye(3)).astype(np.float32)
_DEFINITE = (_SQUARE @ _SQUARE.T).astype(np.float32)
_COMPLEX = (_X + 1j * _X[::-1]).astype(np.complex64)


def _open(tf: Any, value: Any, rank: bool = True) -> Any:
    return tf.placeholder_with_default(
        tf.constant(value), [None] * np.ndim(value) if rank else None
    )


SAME: dict[str, Program] = {
    "matmul": lambda tf: tf.matmul(tf.constant(_X), _Y),
    "transposed": lambda tf: tf.matmul(_X, _X, transpose_b=True, name="product"),
    "adjoint": lambda tf: tf.matmul(tf.constant(_COMPLEX), _COMPLEX, adjoint_a=True),
    "sparse": lambda tf: tf.matmul(_X, _Y, a_is_sparse=True),
    "ints": lambda tf: tf.matmul(ints(2, 3), ints(3, 2, seed=1)),
    "stacks": lambda tf: tf.matmul(tf.constant(_CUBE), _CUBE, transpose_b=True),
    "stacks of complex": lambda tf: tf.matmul(tf.constant(_COMPLEX[None]), _COMPLEX[None], transpose_a=True),
    "shared": lambda tf: tf.matmul(tf.constant(_CUBE), _Y),
    "open rank": lambda tf: tf.matmul(_open(tf, _X, rank=False), _Y),
    "batch_matmul": lambda tf: tf.matmul(_CUBE, _CUBE, adjoint_a=True),
    "tensordot": lambda tf: tf.tensordot(tf.constant(_CUBE), _Y, 1),
    "tensordot pairs": lambda tf: tf.tensordot(tf.constant(_CUBE), tf.constant(_CUBE), [[0, 2], [0, 2]], name="dot"),
    "tensordot one": lambda tf: tf.tensordot(tf.constant(_X), tf.constant(_X), axes=[-1, 1]),
    "tensordot plain": lambda tf: tf.tensordot(tf.constant(_X), tf.constant(_Y), 1),
    "tensordot open": lambda tf: tf.tensordot(_open(tf, _CUBE), _Y, [[2], [0]]),
    "tensordot rank": lambda tf: tf.tensordot(_open(tf, _CUBE, rank=False), _Y, [[2], [0]]),
    "tensordot count": lambda tf: tf.tensordot(_open(tf, _CUBE, rank=False), tf.constant(_Y), 1),
    "einsum": lambda tf: tf.einsum("bij,jk->bik", _CUBE, _Y),
    "einsum implicit": lambda tf: tf.einsum("ij,jk", tf.constant(_X), tf.constant(_Y), name="sum"),
    "einsum three": lambda tf: tf.einsum("ij,jk,kl->il", tf.constant(_X), tf.constant(_Y), tf.constant(_Y.T)),
    "einsum ellipsis": lambda tf: tf.einsum("...ij,jk->...ik", tf.constant(_CUBE), tf.constant(_Y)),
    "trace": lambda tf: tf.trace(tf.constant(_SQUARE), name="t"),
    "inverse": lambda tf: tf.matrix_inverse(_SQUARE),
    "det": lambda tf: [tf.matrix_determinant(_SQUARE), tf.linalg.det(_SQUARE), *tf.linalg.slogdet(_SQUARE)],
    "logdet": lambda tf: tf.linalg.logdet(tf.constant(_DEFINITE)),
    "adjoint matrix": lambda tf: tf.linalg.adjoint(tf.constant(_COMPLEX)),
    "cholesky": lambda tf: tf.cholesky(_DEFINITE),
    "cholesky_solve": lambda tf: tf.cholesky_solve(tf.cholesky(_DEFINITE), _X),
    "solve": lambda tf: tf.matrix_solve(_SQUARE, _X, adjoint=True, name="s"),
    "triangular": lambda tf: tf.matrix_triangular_solve(_SQUARE, _X, lower=False, name="s"),
    "least squares": lambda tf: tf.matrix_solve_ls(tf.constant(_X.T), _Y),
    "least squares wide": lambda tf: tf.matrix_solve_ls(tf.constant(_X), _X[:, :2], l2_regularizer=0.1),
    "least squares slow": lambda tf: tf.matrix_solve_ls(tf.constant(_X), _X[:, :2], fast=False, name="ls"),
    "qr": lambda tf: list(tf.qr(_CUBE)),
    "singular values": lambda tf: tf.svd(_X, compute_uv=False),
    "eigenvalues": lambda tf: tf.self_adjoint_eigvals(_DEFINITE),
    **{
        f"norm {ord} {axis} {keep}": lambda tf, ord=ord, axis=axis, keep=keep: tf.norm(tf.constant(_CUBE), ord, axis, keep)
        for ord in ("euclidean", 1, 2, np.inf, 3)
        for axis, keep in ((None, None), (1, True), (-1, False))
    },
    **{
        f"matrix norm {ord}": lambda tf, ord=ord: tf.norm(tf.constant(_CUBE), ord=ord, axis=[0, 2], keep_dims=True)
        for ord in ("euclidean", "fro", 1, np.inf)
    },
}  # fmt: skip

# Values only: TensorFlow builds loops or a cond here, and converts an empty list twice.
SAME_VALUES: dict[str, Program] = {
    "tensordot all": lambda tf: tf.tensordot(tf.constant(_X), tf.constant(_X), 2),
    "spectral norm": lambda tf: [tf.norm(tf.constant(_CUBE), 2, axis, keepdims=k) for axis in ([0, 2], [-1, -2]) for k in (True, False)],
    "least squares open": lambda tf: tf.matrix_solve_ls(_open(tf, _X.T), _Y, 0.5),
    "svd": lambda tf: (lambda s, u, v: [s, tf.abs(u), tf.abs(v), u @ tf.linalg.diag(s) @ tf.linalg.adjoint(v)])(*tf.svd(tf.constant(_CUBE))),
    "svd full": lambda tf: (lambda s, u, v: [s, tf.abs(u)])(*tf.svd(tf.constant(_X), full_matrices=True)),
    "svd gradient": lambda tf: (lambda x: tf.gradients(tf.svd(x)[0] ** 2, x))(tf.constant(_X)),
    "svd vectors' gradient": lambda tf: (lambda x: tf.gradients([t ** 2 * _DEFINITE for t in tf.svd(x)[1:2]], x))(tf.constant(_SQUARE)),
    "values' gradient": lambda tf: (lambda x: tf.gradients(tf.svd(x, compute_uv=False) ** 2, x))(tf.constant(_X)),
    "eigen": lambda tf: (lambda e, v: [e, tf.abs(v), v @ tf.linalg.diag(e) @ tf.linalg.adjoint(v)])(*tf.self_adjoint_eig(tf.constant(_DEFINITE))),
    "eigen gradient": lambda tf: (lambda x: tf.gradients([t ** 2 for t in tf.self_adjoint_eig(x)], x))(tf.constant(_DEFINITE)),
    "eigenvalue gradient": lambda tf: (lambda x: tf.gradients(tf.self_adjoint_eigvals(x), x))(tf.constant(_DEFINITE)),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False, rtol=1e-4)


def test_batch_matmul_of_tensorflow_0() -> None:
    """The name is gone from TensorFlow; the op is not."""
    _, (ours, product) = run(
        tf1x,
        lambda tf: [
            tf.batch_matmul(_CUBE, _CUBE, adj_y=True),
            tf.matmul(_CUBE, _CUBE, adjoint_b=True),
        ],
    )
    np.testing.assert_array_equal(ours, product)


ERRORS: dict[str, tuple[Program, str, str]] = {
    "inner": (lambda tf: tf.matmul(_X, _X), "ValueError", "Dimensions must be equal, but are 4 and 3"),
    "inner fed": (lambda tf: tf.matmul(_open(tf, _X), _open(tf, _X)), "InvalidArgumentError", "Matrix size-incompatible: In[0]: [3, 4], In[1]: [3, 4]"),
    "rank": (lambda tf: tf.matmul(_X[0], _X), "ValueError", "Shape must be rank 2 but is rank 1"),
    "both": (lambda tf: tf.matmul(_X, _X, transpose_a=True, adjoint_a=True), "ValueError", "transpose_a"),
    "types": (lambda tf: tf.matmul(tf.constant(_X), tf.constant(_Y.astype(np.float64))), "TypeError", "float64"),
    "singular": (lambda tf: tf.matrix_inverse(np.ones([2, 2], np.float32)), "InvalidArgumentError", "Input is not invertible."),
    "singular solve": (lambda tf: tf.matrix_solve(np.ones([2, 2], np.float32), np.ones([2, 1], np.float32)), "InvalidArgumentError", "Input matrix is not invertible."),
    "not square": (lambda tf: tf.matrix_inverse(_X), "ValueError", "Dimensions must be equal, but are 3 and 4"),
    "equation": (lambda tf: tf.einsum("i+j", _X), "ValueError", "incorrect format"),
    "operands": (lambda tf: tf.einsum("ij,jk->ik", _X), "ValueError", "expecting 2"),
    "axes": (lambda tf: tf.tensordot(_X, _Y, [[0], [0, 1]]), "ValueError", "Different number of contraction axes"),
    "ord": (lambda tf: tf.norm(_X, "fro"), "ValueError", "supported vector norm"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    program, kind, text = ERRORS[name]
    found = error_of(tf1x, program)
    assert found[0] == kind
    assert text in found[1]
