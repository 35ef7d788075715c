"""The confusion matrix: nodes, values and errors against TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1


def _fed(tf: Any, value: Any, known: bool = True) -> Any:
    array = np.asarray(value)
    return tf.placeholder_with_default(array, [None] * array.ndim if known else None)


PROGRAMS: dict[str, Any] = {
    "plain": lambda tf: tf.confusion_matrix(_fed(tf, [0, 2, 1]), _fed(tf, [1, 2, 1])),
    "sized": lambda tf: tf.confusion_matrix(
        _fed(tf, [0, 2, 1]), _fed(tf, [1, 2, 1]), 4, tf.float64, weights=[0.5, 1.0, 2.0]
    ),
    "column": lambda tf: tf.confusion_matrix(_fed(tf, [[0], [1]]), _fed(tf, [1, 1])),
}


def _nodes(tf: Any, program: Any) -> list[tuple[str, str]]:
    """Without assertions, which TensorFlow runs in a conditional."""
    with tf.Graph().as_default() as graph:
        program(tf)
    found = [(op.name, op.type) for op in graph.get_operations()]
    return [n for n in found if "AssertGuard" not in n[0] and n[1] != "Assert"]


def _run(tf: Any, program: Any) -> Any:
    with tf.Graph().as_default():
        tensor = program(tf)
        with tf.Session() as session:
            return session.run(tensor)


@pytest.mark.parametrize("name", PROGRAMS)
def test_nodes_and_values(name: str) -> None:
    assert _nodes(tf1x, PROGRAMS[name]) == _nodes(tf1, PROGRAMS[name])
    ours, theirs = (_run(tf, PROGRAMS[name]) for tf in (tf1x, tf1))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("labels", [[0, 1], [[0], [1]]], ids=["same", "column"])
def test_unknown_ranks(labels: Any) -> None:
    def program(tf: Any) -> Any:
        return tf.confusion_matrix(_fed(tf, labels, known=False), _fed(tf, [1, 1]), 2)

    np.testing.assert_array_equal(_run(tf1x, program), _run(tf1, program))


@pytest.mark.parametrize(
    ("labels", "predictions", "text"),
    [
        ([-1, 0], [0, 0], "`labels` contains negative"),
        ([0, 0], [0, -1], "`predictions` contains negative"),
        ([3, 0], [0, 0], "`labels` out of bound"),
        ([0, 0], [0, 3], "`predictions` out of bound"),
    ],
)
def test_classes_that_are_none(labels: Any, predictions: Any, text: str) -> None:
    def program(tf: Any) -> Any:
        return tf.confusion_matrix(_fed(tf, labels), _fed(tf, predictions), 3)

    for tf in (tf1x, tf1):
        with pytest.raises(tf.errors.InvalidArgumentError, match=text):
            _run(tf, program)
