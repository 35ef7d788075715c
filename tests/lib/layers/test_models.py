"""Whole models of layers, trained: the same losses as TensorFlow's, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.lib.compare import assert_same_values
from tests.lib.layers.same import numbers


def _model(tf: Any, x: Any, training: Any) -> Any:
    def start(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return tf.constant(numbers(*shape), dtype)

    h = tf.layers.conv2d(
        x, 4, 3, padding="same", use_bias=False, kernel_initializer=start, name="conv1"
    )
    h = tf.nn.relu(tf.layers.batch_normalization(h, training=training, momentum=0.8))
    h = tf.layers.max_pooling2d(h, 2, 2)
    h = tf.layers.separable_conv2d(
        h, 6, 3, activation=tf.nn.relu, depthwise_initializer=start, pointwise_initializer=start
    )
    h = tf.layers.flatten(h)
    h = tf.layers.dense(
        h,
        5,
        tf.nn.tanh,
        kernel_initializer=start,
        kernel_regularizer=lambda w: 0.01 * tf.nn.l2_loss(w),
    )
    h = tf.layers.batch_normalization(h, training=training)
    return tf.layers.dense(h, 3, kernel_initializer=start)


def _program(by_placeholder: bool) -> Any:
    def program(tf: Any) -> tuple[Any, Any]:
        x = tf.constant(numbers(8, 8, 8, 2))
        labels = tf.constant(np.arange(8) % 3)
        training = tf.placeholder_with_default(True, []) if by_placeholder else True
        logits = _model(tf, x, training)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        loss += tf.losses.get_regularization_loss()
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)
        with tf.variable_scope("", reuse=True):
            again = tf.layers.conv2d(x, 4, 3, padding="same", use_bias=False, name="conv1")
        return step, [loss, again, *tf.global_variables()]

    return program


def test_training_is_the_same() -> None:
    assert_same_values(_program(by_placeholder=False), runs=4, rtol=2e-3, atol=2e-4)


def test_training_by_a_placeholder_is_the_same() -> None:
    assert_same_values(_program(by_placeholder=True), runs=4, rtol=2e-3, atol=2e-4)
