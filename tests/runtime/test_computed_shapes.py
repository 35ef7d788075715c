"""Shapes that are only known while a program runs: what is compiled, and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.runtime import compile as compiling
from tf1x.runtime import execute


@pytest.fixture(autouse=True)
def _graph() -> Any:
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one with every segment that is compiled."""
    found: list[Any] = []

    class Counted(compiling.Compiled):
        def __init__(self, *args: Any) -> None:
            found.append(args[0])
            super().__init__(*args)

    monkeypatch.setattr(execute, "Compiled", Counted)
    return found


def _masked(rows: np.ndarray, mask: np.ndarray, weights: np.ndarray) -> float:
    return float(np.sum(np.tanh(rows[mask] @ weights)))


def test_ever_new_shapes_from_an_op_do_not_compile_ever_again(compiled: list[Any]) -> None:
    rng = np.random.RandomState(0)
    rows, start = rng.rand(100, 3).astype("f"), rng.rand(3, 2).astype("f")
    mask = tf.placeholder(tf.bool, [100])
    weights = tf.Variable(start)
    kept = tf.boolean_mask(tf.constant(rows) * 1.0, mask)
    total = tf.reduce_sum(tf.tanh(tf.matmul(kept, weights)))
    train = tf.train.GradientDescentOptimizer(0.0).minimize(total)
    counts = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for size in range(1, 20):
            chosen = np.arange(100) < size
            found, _ = session.run([total, train], {mask: chosen})
            assert found == pytest.approx(_masked(rows, chosen, start), rel=1e-5)
            counts.append(len(compiled))
    assert counts[-1] == counts[8], "the last runs compile nothing"


def test_a_short_vector_of_unknown_length_can_be_a_shape(compiled: list[Any]) -> None:
    x, shape = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int64, [None])
    y = tf.exp(tf.reshape(tf.sin(x), shape))
    with tf.Session() as session:
        for wanted in ([2, 3], [6], [2, 3]):
            found = session.run(y, {x: np.zeros(6, "f"), shape: wanted})
            assert found.shape == tuple(wanted)
    assert len([s for s in compiled if len(s.inputs) == 2]) == len(compiled), "one segment"
