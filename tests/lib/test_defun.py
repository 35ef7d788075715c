"""`tensorflow.python.framework.function.Defun`."""

from __future__ import annotations

import numpy as np
import pytest

import tf1x as tf
from tf1x.lib.defun import Defun


def test_a_function_of_tensors() -> None:
    @Defun(tf.float32, tf.float32, func_name="weighted", noinline=True)
    def weighted(x, w):
        return tf.reduce_sum(x * w, [1])

    @Defun(tf.float32)
    def two(x):
        return x + 1.0, x * 2.0

    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.constant([[1.0, 2.0]])
        y = weighted([[3.0, 4.0]], w)
        assert y.op.name.startswith("weighted/")
        assert weighted.declared_input_types == [tf.float32, tf.float32]
        assert session.run(y) == [11.0]
        np.testing.assert_array_equal(session.run(tf.gradients(y, w)[0]), [[3.0, 4.0]])
        assert session.run(two(3.0)) == [4.0, 6.0]
        with pytest.raises(ValueError, match="arguments: 2, received: 1"):
            weighted(1.0)


def test_gradients_of_its_own() -> None:
    @Defun(
        tf.float32,
        python_grad_func=lambda op, dy: 10.0 * dy * op.inputs[0],
        shape_func=lambda op: [[2]],
    )
    def square(x):
        return x * x

    @Defun(tf.float32, grad_func=Defun(tf.float32, tf.float32)(lambda x, dy: dy * 7.0))
    def identity(x):
        return tf.identity(x)

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        y = square(x)
        assert y.shape.as_list() == [2]
        grads = [*tf.gradients(y, x), *tf.gradients(identity(x), x)]
        found = session.run(grads, {x: [1.0, 2.0]})
    np.testing.assert_array_equal(found, [[10.0, 20.0], [7.0, 7.0]])
