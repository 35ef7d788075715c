"""Linear operators: the same values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import assert_same, error_of, run
from tests.ops.cases.case import floats

_SQUARE = (floats(2, 3, 3) + 4 * np.eye(3)).astype(np.float32)
_DEFINITE = (_SQUARE @ _SQUARE.swapaxes(1, 2)).astype(np.float32)

OPERATORS: dict[str, Any] = {
    "full": lambda linalg: linalg.LinearOperatorFullMatrix(_SQUARE),
    "definite": lambda linalg: linalg.LinearOperatorFullMatrix(_DEFINITE, is_self_adjoint=True, is_positive_definite=True),
    "triangular": lambda linalg: linalg.LinearOperatorLowerTriangular(_SQUARE, name="L"),
    "diagonal": lambda linalg: linalg.LinearOperatorDiag(floats(2, 3) + 3),
    "scaled": lambda linalg: linalg.LinearOperatorScaledIdentity(3, np.float32([1.5, -2.0])),
    "identity": lambda linalg: linalg.LinearOperatorIdentity(3, batch_shape=[2]),
    "one identity": lambda linalg: linalg.LinearOperatorIdentity(3),
    "update": lambda linalg: linalg.LinearOperatorLowRankUpdate(linalg.LinearOperatorDiag(floats(2, 3) + 3), floats(2, 3, 1), diag_update=np.float32([[1.0], [2.0]])),
    "blocks": lambda linalg: linalg.LinearOperatorBlockDiag([linalg.LinearOperatorDiag(floats(2, 1) + 3), linalg.LinearOperatorFullMatrix(_SQUARE[:, :2, :2])]),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_values(name: str) -> None:
    def program(tf: Any) -> list[Any]:
        operator = OPERATORS[name](tf.linalg)
        x = tf.constant(floats(2, 3, 2, seed=5))
        wide = tf.constant(floats(2, 2, 3, seed=6))
        vector = tf.constant(floats(2, 3, seed=7))
        assert operator.shape.as_list()[-2:] == [3, 3]
        assert operator.dtype == tf.float32
        assert operator.is_square
        return [
            operator.to_dense(),
            operator.matmul(x),
            operator.matmul(x, adjoint=True),
            operator.matmul(wide, adjoint_arg=True),
            operator.matvec(vector),
            operator.solve(x),
            operator.solve(x, adjoint=True),
            operator.solve(wide, adjoint_arg=True),
            operator.solvevec(vector),
            operator.determinant(),
            operator.log_abs_determinant(),
            operator.diag_part(),
            operator.trace(),
            operator.add_to_tensor(_SQUARE),
            operator.shape_tensor(),
            operator.batch_shape_tensor(),
            operator.tensor_rank_tensor(),
            operator.domain_dimension_tensor(),
        ]

    assert_same(program, nodes=False, rtol=1e-4)


@pytest.mark.parametrize("name", OPERATORS)
def test_hints_and_names(name: str) -> None:
    from tests.oracle import tf1

    def facts(tf: Any) -> Any:
        with tf.Graph().as_default():
            one = OPERATORS[name](tf.linalg)
            return (
                one.name,
                one.is_non_singular,
                one.is_self_adjoint,
                one.is_positive_definite,
                one.is_square,
                one.tensor_rank,
                one.batch_shape.as_list(),
            )

    assert facts(tf1x) == facts(tf1)


def test_assertions() -> None:
    def checked(matrix: Any, what: str) -> Any:
        def program(tf: Any) -> Any:
            operator = tf.linalg.LinearOperatorFullMatrix(np.float32(matrix))
            with tf.control_dependencies([getattr(operator, f"assert_{what}")()]):
                return tf.constant(1.0)

        return program

    for what in ("non_singular", "self_adjoint"):
        assert_same(checked(np.eye(2), what), nodes=False)
    assert run(tf1x, checked(np.eye(2), "positive_definite"))[1] == [1.0]
    assert error_of(tf1x, checked(np.ones((2, 2)), "non_singular"))[0] == "InvalidArgumentError"
    assert error_of(tf1x, checked([[1, 2], [3, 9]], "self_adjoint"))[0] == "InvalidArgumentError"
    assert error_of(tf1x, checked(-np.eye(2), "positive_definite"))[0] == "InvalidArgumentError"


def test_misuse() -> None:
    def error(program: Any) -> str:
        return error_of(tf1x, program)[0]

    full = lambda tf, **hints: tf.linalg.LinearOperatorFullMatrix(floats(2, 3), **hints)  # noqa: E731
    assert error(lambda tf: full(tf).solve(floats(2, 1))) == "NotImplementedError"
    assert error(lambda tf: full(tf, is_non_singular=False, is_positive_definite=True)) == "ValueError"  # fmt: skip
    assert error(lambda tf: tf.linalg.LinearOperatorDiag(np.float32(1))) == "ValueError"
    assert error(lambda tf: tf.linalg.LinearOperatorBlockDiag([])) == "ValueError"
