"""Initializers: nodes and values against TensorFlow, configurations, contrib's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_same_nodes, assert_same_values, run
from tests.oracle import tf1

INITIALIZERS: dict[str, Any] = {
    "zeros": lambda tf: tf.zeros_initializer(),
    "ones": lambda tf: tf.ones_initializer(),
    "constant": lambda tf: tf.constant_initializer(1.5),
    "constant_list": lambda tf: tf.constant_initializer([1.0, 2.0, 3.0]),
    "random_uniform": lambda tf: tf.random_uniform_initializer(-1.0, 1.0, seed=1),
    "random_normal": lambda tf: tf.random_normal_initializer(1.0, 0.5, seed=1),
    "truncated_normal": lambda tf: tf.truncated_normal_initializer(stddev=0.1, seed=1),
    "uniform_unit_scaling": lambda tf: tf.uniform_unit_scaling_initializer(1.5, seed=1),
    "variance_scaling": lambda tf: tf.variance_scaling_initializer(seed=1),
    "variance_scaling_uniform": lambda tf: tf.variance_scaling_initializer(
        2.0, "fan_out", "uniform", seed=1
    ),
    "variance_scaling_normal": lambda tf: tf.variance_scaling_initializer(
        2.0, "fan_avg", "normal", seed=1
    ),
    "untruncated": lambda tf: tf.initializers.variance_scaling(
        2.0, "fan_in", "untruncated_normal", seed=1
    ),
    "orthogonal": lambda tf: tf.orthogonal_initializer(1.1, seed=1),
    "glorot_uniform": lambda tf: tf.glorot_uniform_initializer(seed=1),
    "glorot_normal": lambda tf: tf.glorot_normal_initializer(seed=1),
    "he_uniform": lambda tf: tf.initializers.he_uniform(seed=1),
    "he_normal": lambda tf: tf.initializers.he_normal(seed=1),
    "lecun_uniform": lambda tf: tf.initializers.lecun_uniform(seed=1),
    "lecun_normal": lambda tf: tf.initializers.lecun_normal(seed=1),
    "identity": lambda tf: tf.initializers.identity(2.0),
}
SHAPES: dict[str, list[list[int]]] = {
    "identity": [[3, 3], [2, 4]],
    "orthogonal": [[4, 3], [3, 4], [2, 2, 3]],
    "constant_list": [[3], [2, 3]],
}
every_initializer = pytest.mark.parametrize("name", INITIALIZERS)


def _program(name: str) -> Any:
    def program(tf: Any) -> Any:
        shapes = SHAPES.get(name, [[2, 3], [4], [3, 3, 2, 4]])
        found = [
            tf.get_variable(f"v{i}", shape, initializer=INITIALIZERS[name](tf))
            for i, shape in enumerate(shapes)
        ]
        return None, found

    return program


@every_initializer
def test_values_equal_tensorflow(name: str) -> None:
    assert_same_values(_program(name), atol=1e-5 if name == "orthogonal" else 1e-6)


@every_initializer
def test_nodes_equal_tensorflow(name: str) -> None:
    assert_same_nodes(_program(name))


@every_initializer
def test_configurations_round_trip(name: str) -> None:
    ours, theirs = INITIALIZERS[name](tf1x), INITIALIZERS[name](tf1)
    config = ours.get_config()
    if "he_" not in name and "lecun_" not in name:
        assert config == theirs.get_config()
    assert type(ours).from_config(config).get_config() == config


def test_partitions_are_scaled_as_the_whole() -> None:
    def program(tf: Any) -> Any:
        whole = tf.get_variable(
            "w",
            [4, 3],
            partitioner=tf.fixed_size_partitioner(2),
            initializer=tf.glorot_uniform_initializer(seed=1),
        )
        eye = tf.get_variable(
            "eye",
            [4, 4],
            partitioner=tf.fixed_size_partitioner(2),
            initializer=tf.initializers.identity(),
        )
        return None, [tf.convert_to_tensor(whole), tf.convert_to_tensor(eye)]

    assert_same_values(program)


def test_types() -> None:
    def program(tf: Any) -> Any:
        return None, [
            tf.get_variable("a", [2], tf.int32, tf.ones_initializer()),
            tf.get_variable("b", [2], tf.float64, tf.constant_initializer(0.1)),
            tf.get_variable("c", [2], tf.bool, tf.zeros_initializer()),
            tf.get_variable("d", [2], tf.string, tf.zeros_initializer()),
            tf.get_variable("e", [2], tf.int64, tf.random_uniform_initializer(0, 9, seed=1)),
        ]

    assert_same_values(program)


def test_errors() -> None:
    with tf1x.Graph().as_default():
        with pytest.raises(ValueError, match="positive float"):
            tf1x.variance_scaling_initializer(0.0)
        with pytest.raises(ValueError, match="mode"):
            tf1x.variance_scaling_initializer(mode="fan")
        with pytest.raises(ValueError, match="distribution"):
            tf1x.variance_scaling_initializer(distribution="cauchy")
        with pytest.raises(ValueError, match="floating point"):
            tf1x.random_normal_initializer(dtype=tf1x.int32)
        with pytest.raises(TypeError, match="Invalid type"):
            tf1x.constant_initializer({})
        with pytest.raises(TypeError, match="shape"):
            tf1x.get_variable(
                "w", [3], initializer=tf1x.constant_initializer([1.0], verify_shape=True)
            )
        with pytest.raises(ValueError, match="two-dimensional"):
            tf1x.get_variable("x", [3], initializer=tf1x.orthogonal_initializer())


# -- tf.contrib.layers, which TensorFlow 2 has no more ---------------------------------------------


def test_xavier_initializer() -> None:
    def program(tf: Any) -> Any:
        layers = tf1x.contrib.layers
        return None, [
            tf.get_variable("u", [50, 30], initializer=layers.xavier_initializer(seed=1)),
            tf.get_variable(
                "n", [50, 30], initializer=layers.xavier_initializer(uniform=False, seed=1)
            ),
            tf.get_variable(
                "c", [5, 5, 2, 8], initializer=layers.xavier_initializer_conv2d(seed=1)
            ),
            tf.get_variable("v", [50, 30], initializer=layers.variance_scaling_initializer(seed=1)),
        ]

    uniform, normal, conv, scaled = run(tf1x, program)[0]
    assert np.abs(uniform).max() <= np.sqrt(6 / 80)
    np.testing.assert_allclose(uniform.std(), np.sqrt(2 / 80), rtol=0.05)
    np.testing.assert_allclose(normal.std(), np.sqrt(1.3 * 2 / 80) * 0.8796, rtol=0.05)
    assert np.abs(conv).max() <= np.sqrt(3 / (25 * 5))
    np.testing.assert_allclose(scaled.std(), np.sqrt(1.3 * 2 / 50) * 0.8796, rtol=0.05)


def test_regularizers() -> None:
    layers = tf1x.contrib.layers
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        w = tf1x.constant([1.0, -2.0])
        l1, l2 = layers.l1_regularizer(0.5)(w), layers.l2_regularizer(0.5)(w)
        both = layers.l1_l2_regularizer(0.5, 0.5)(w)
        total = layers.sum_regularizer([layers.l1_regularizer(0.5), None])(w)
        applied = layers.apply_regularization(layers.l2_regularizer(0.5), [w, w])
        assert session.run([l1, l2, both, total, applied]) == [1.5, 1.25, 2.75, 1.5, 2.5]
        assert l2.op.name == "l2_regularizer"
        assert layers.l2_regularizer(0.0)(w) is None
        assert tf1x.get_collection(tf1x.GraphKeys.REGULARIZATION_LOSSES)[0] is applied
        with pytest.raises(ValueError, match="integer"):
            layers.l2_regularizer(1)
        with pytest.raises(ValueError, match="less than 0"):
            layers.l1_regularizer(-1.0)
        regularized = tf1x.get_variable("v", [2], regularizer=layers.l2_regularizer(0.5))
        assert regularized.name == "v:0"
        losses = tf1x.get_collection(tf1x.GraphKeys.REGULARIZATION_LOSSES)
        assert losses[-1].op.name == "v/Regularizer/l2_regularizer"
