"""`tf.layers.dense`, `dropout`, `flatten`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.layers.same import assert_same_graph, assert_same_values, numbers, plain
from tests.oracle import tf1


def _x(tf: Any, *shape: Any, dtype: str = "float32") -> Any:
    return tf.placeholder(dtype, shape, name="x")


PROGRAMS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "dense": (lambda tf: tf.layers.dense(_x(tf, None, 3), 4), (2, 3)),
    "dense named": (
        lambda tf: tf.layers.dense(_x(tf, None, 3), 4, tf.nn.relu, name="hidden"),
        (2, 3),
    ),
    "dense without bias": (
        lambda tf: tf.layers.dense(_x(tf, None, 3), 4, use_bias=False),
        (2, 3),
    ),
    "dense of rank 3": (lambda tf: tf.layers.dense(_x(tf, None, 5, 3), 4), (2, 5, 3)),
    "dense of rank 4, sizes unknown": (
        lambda tf: tf.layers.dense(_x(tf, None, None, 5, 3), 4, tf.tanh),
        (2, 2, 5, 3),
    ),
    "dense with names of functions": (
        lambda tf: tf.layers.dense(
            _x(tf, None, 3), 4, "softmax", kernel_initializer="he_normal", bias_initializer="ones"
        ),
        (2, 3),
    ),
    "dense, regularized": (
        lambda tf: tf.layers.dense(
            _x(tf, None, 3),
            4,
            kernel_regularizer=lambda w: 0.1 * tf.reduce_sum(tf.square(w)),
            bias_regularizer=lambda b: tf.reduce_sum(tf.abs(b)),
            activity_regularizer=tf.nn.l2_loss,
        ),
        (2, 3),
    ),
    "dense, not trained": (
        lambda tf: tf.layers.dense(_x(tf, None, 3), 4, trainable=False),
        (2, 3),
    ),
    "flatten": (lambda tf: tf.layers.flatten(_x(tf, None, 3, 4)), (2, 3, 4)),
    "flatten, channels first": (
        lambda tf: tf.layers.flatten(_x(tf, None, 3, 4), data_format="channels_first"),
        (2, 3, 4),
    ),
    "flatten a vector": (lambda tf: tf.layers.flatten(_x(tf, None)), (3,)),
    "flatten, only the batch known": (
        lambda tf: tf.layers.flatten(_x(tf, 2, None, 3)),
        (2, 4, 3),
    ),
    "flatten, nothing known": (lambda tf: tf.layers.flatten(_x(tf, None, None, 3)), (2, 4, 3)),
    "dropout in evaluation": (lambda tf: tf.layers.dropout(_x(tf, None, 3)), (2, 3)),
    "dropout of nothing": (
        lambda tf: tf.layers.dropout(_x(tf, None, 3), 0.0, training=True),
        (2, 3),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_graph_and_values(name: str) -> None:
    program, shape = PROGRAMS[name]
    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(*shape)})


def test_dropout_nodes() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf, None, 5, 3)
        return [
            tf.layers.dropout(x, 0.3, training=True, seed=1),
            tf.layers.dropout(x, 0.3, noise_shape=[None, 1, 3], training=1, name="drop"),
            tf.layers.Dropout(0.2).apply(x, training=tf.constant(True)),
            tf.layers.Dropout(0.2)(x, training=tf.constant(False)),
        ]

    assert_same_graph(program)


def test_dropout_drops() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.ones([100, 50])
        mask = tf1x.layers.dropout(x, 0.25, noise_shape=[None, 1], training=True, seed=3)
        found = session.run(mask)
        assert set(np.unique(found)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
        assert (found == found[:, :1]).all()
        assert 0.1 < (found == 0).mean() < 0.4


def test_dropout_by_a_tensor() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        training = tf1x.placeholder_with_default(False, [])
        x = tf1x.ones([30, 30])
        y = tf1x.layers.dropout(x, 0.5, training=training)
        assert (session.run(y) == 1).all()
        found = session.run(y, {training: True})
        assert set(np.unique(found)) == {0, 2}
        assert y.shape.as_list() == [30, 30]


def test_errors() -> None:
    problems = []
    for tf in (tf1x, tf1):
        found = []
        for build in (
            lambda: tf.layers.dense(tf.placeholder("float32", [None, None]), 3),  # noqa: B023
            lambda: tf.layers.dense(tf.placeholder("float32", [None]), 3),  # noqa: B023
            lambda: tf.layers.dense(tf.placeholder("int32", [None, 2]), 3),  # noqa: B023
            lambda: tf.layers.Dense(-1),  # noqa: B023
            lambda: tf.layers.Dropout(1.5),  # noqa: B023
            lambda: tf.layers.Dense(3, surprise=1),  # noqa: B023
        ):
            with tf.Graph().as_default(), pytest.raises((ValueError, TypeError)) as caught:
                build()
            found.append((caught.type, plain(caught.value)))
        problems.append(found)
    assert problems[0] == problems[1]


def test_output_shapes_without_a_call() -> None:
    layers = tf1x.layers
    assert layers.Dense(3).compute_output_shape([None, 5, 4]).as_list() == [None, 5, 3]
    assert layers.Flatten().compute_output_shape([None, 5, 4]).as_list() == [None, 20]
    assert layers.Flatten().compute_output_shape([2, None, 4]).as_list() == [2, None]
    with pytest.raises(ValueError, match="should be defined"):
        layers.Dense(3).compute_output_shape([2, None])


def test_numpy_inputs_and_doubles() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        y = tf1x.layers.dense(np.ones([2, 3]), 4, kernel_initializer=tf1x.ones_initializer())
        session.run(tf1x.global_variables_initializer())
        assert y.dtype == tf1x.float64
        np.testing.assert_array_equal(session.run(y), np.full([2, 4], 3.0))


def test_sparse_inputs() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.SparseTensor([[0, 1], [2, 0]], tf1x.constant([2.0, 3.0]), [3, 4])
        layer = tf1x.layers.Dense(2, bias_initializer="ones")
        pair = [layer(x), layer(tf1x.sparse_tensor_to_dense(x))]
        grads = [tf1x.gradients(y * y, layer.kernel)[0] for y in pair]
        session.run(tf1x.global_variables_initializer())
        sparse, dense, *of_both = session.run([*pair, *grads])
        np.testing.assert_allclose(sparse, dense, rtol=1e-6)
        np.testing.assert_allclose(*of_both, rtol=1e-6)
