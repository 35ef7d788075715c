"""Every optimizer against TensorFlow: the graph node by node, and ten steps' numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_same_nodes, assert_same_values, run

OPTIMIZERS: dict[str, Any] = {
    "gradient_descent": lambda tf, step: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda tf, step: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda tf, step: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": lambda tf, step: tf.train.AdamOptimizer(0.1, beta1=0.8, beta2=0.99, epsilon=1e-4),
    "adam_own_scope": lambda tf, step: tf.train.AdamOptimizer(
        0.1, use_own_namescope_for_non_slot_vars=True
    ),
    "rmsprop": lambda tf, step: tf.train.RMSPropOptimizer(0.1, momentum=0.5),
    "rmsprop_centred": lambda tf, step: tf.train.RMSPropOptimizer(0.1, centered=True, epsilon=1e-3),
    "adagrad": lambda tf, step: tf.train.AdagradOptimizer(0.1),
    "adagrad_da": lambda tf, step: tf.train.AdagradDAOptimizer(
        0.1, step, l1_regularization_strength=0.01, l2_regularization_strength=0.02
    ),
    "adadelta": lambda tf, step: tf.train.AdadeltaOptimizer(1.0),
    "ftrl": lambda tf, step: tf.train.FtrlOptimizer(
        0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02
    ),
    "ftrl_power": lambda tf, step: tf.train.FtrlOptimizer(0.1, learning_rate_power=-0.3, beta=0.1),
    "ftrl_shrinkage": lambda tf, step: tf.train.FtrlOptimizer(
        0.1, l2_shrinkage_regularization_strength=0.01
    ),
    "proximal_gradient_descent": lambda tf, step: tf.train.ProximalGradientDescentOptimizer(
        0.1, 0.01, 0.02
    ),
    "proximal_adagrad": lambda tf, step: tf.train.ProximalAdagradOptimizer(
        0.1, l1_regularization_strength=0.01
    ),
}
_TABLE = np.random.RandomState(0).uniform(-1, 1, (5, 3)).astype(np.float32)
_TARGETS = np.random.RandomState(1).uniform(-1, 1, (4, 3)).astype(np.float32)

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
both_kinds = pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
dense_and_sparse = pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])


def _program(name: str, resource: bool, sparse: bool) -> Any:
    def program(tf: Any) -> Any:
        table = tf.get_variable("table", initializer=_TABLE, use_resource=resource)
        bias = tf.Variable(0.5, name="bias", use_resource=resource)
        rows = tf.gather(table, [0, 3, 0, 1]) if sparse else table[:4]
        loss = tf.reduce_mean(tf.square(rows + bias - _TARGETS))
        step = tf.train.get_or_create_global_step()
        optimizer = OPTIMIZERS[name](tf, step)
        train = optimizer.minimize(loss, global_step=step)
        return train, lambda: {v.name: v for v in tf.global_variables()} | {"loss": loss}

    return program


@every_optimizer
@both_kinds
@dense_and_sparse
def test_ten_steps_equal_tensorflow(name: str, resource: bool, sparse: bool) -> None:
    assert_same_values(_program(name, resource, sparse), runs=10)


@every_optimizer
@both_kinds
@dense_and_sparse
def test_nodes_equal_tensorflow(name: str, resource: bool, sparse: bool) -> None:
    def program(tf: Any) -> None:
        table = tf.get_variable("table", initializer=_TABLE, use_resource=resource)
        bias = tf.Variable(0.5, name="bias", use_resource=resource)
        rows = tf.gather(table, [0, 3, 0, 1]) if sparse else table * 2.0
        loss = tf.reduce_mean(tf.square(rows)) + bias
        step = tf.train.get_or_create_global_step()
        optimizer = OPTIMIZERS[name](tf, step)
        with tf.name_scope("train"):
            optimizer.minimize(loss, global_step=step)
        optimizer.minimize(loss, var_list=[table], name="again")
        OPTIMIZERS[name](tf, step).minimize(loss)

    assert_same_nodes(program)


@every_optimizer
def test_slots(name: str) -> None:
    def names(tf: Any) -> Any:
        with tf.Graph().as_default():
            weight = tf.Variable([1.0, 2.0], name="weight")
            step = tf.train.get_or_create_global_step()
            optimizer = OPTIMIZERS[name](tf, step)
            optimizer.minimize(tf.reduce_sum(tf.square(weight)))
            slots = {n: optimizer.get_slot(weight, n).name for n in optimizer.get_slot_names()}
            return slots, [v.name for v in optimizer.variables()], optimizer.get_name()

    from tests.oracle import tf1

    assert names(tf1x) == names(tf1)


def test_float64() -> None:
    def program(tf: Any) -> Any:
        weight = tf.Variable(np.array([1.0, 2.0]), name="weight")
        train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(weight)))
        return train, [weight]

    assert_same_values(program, runs=5, rtol=1e-10)


def test_gradients_are_clipped_and_applied() -> None:
    def program(tf: Any) -> Any:
        weight = tf.Variable([1.0, -2.0], name="weight")
        other = tf.Variable(1.0, name="other")
        optimizer = tf.train.GradientDescentOptimizer(tf.constant(0.5))
        pairs = optimizer.compute_gradients(tf.reduce_sum(weight * weight), [weight, other])
        pairs = [(None if g is None else tf.minimum(g, 1.0), v) for g, v in pairs]
        return optimizer.apply_gradients(pairs), [weight, other]

    assert_same_values(program, runs=3)


def test_constraint_is_applied_after_the_update() -> None:
    def program(tf: Any) -> Any:
        weight = tf.Variable([1.0, -2.0], name="weight", constraint=lambda w: tf.maximum(w, 0.0))
        train = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(weight))
        return train, [weight]

    assert_same_values(program, runs=3)
    assert_same_nodes(program)


def test_learning_rate_may_be_a_function() -> None:
    def program(tf: Any) -> Any:
        weight = tf.Variable([1.0, -2.0])
        train = tf.train.MomentumOptimizer(lambda: 0.5, lambda: 0.1).minimize(tf.reduce_sum(weight))
        return train, [weight]

    assert_same_values(program, runs=3)


def test_gate_graph() -> None:
    def program(tf: Any) -> Any:
        weight = tf.Variable([1.0, -2.0])
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        loss = tf.reduce_sum(tf.square(weight))
        return optimizer.minimize(loss, gate_gradients=optimizer.GATE_GRAPH), [weight]

    assert_same_values(program, runs=2)


def test_a_subclass_defines_its_update() -> None:
    class SignDescent(tf1x.train.Optimizer):
        def __init__(self) -> None:
            super().__init__(False, "SignDescent")

        def _create_slots(self, var_list: Any) -> None:
            for var in var_list:
                self._zeros_slot(var, "count", "Count")

        def _apply_dense(self, grad: Any, var: Any) -> Any:
            counted = self.get_slot(var, "count").assign_add(tf1x.ones_like(grad))
            return tf1x.group(tf1x.assign_sub(var, tf1x.sign(grad)), counted)

    def program(tf: Any) -> Any:
        weight = tf.Variable([3.0, -3.0], name="weight")
        train = SignDescent().minimize(tf.reduce_sum(tf.square(weight)))
        return train, lambda: {v.name: v for v in tf.global_variables()}

    last = run(tf1x, program, runs=2)[-1]
    np.testing.assert_array_equal(last["weight:0"], [1.0, -1.0])
    np.testing.assert_array_equal(last["weight/Count:0"], [2.0, 2.0])


def test_no_gradient_is_an_error() -> None:
    with tf1x.Graph().as_default():
        tf1x.Variable(1.0, name="weight")
        optimizer = tf1x.train.GradientDescentOptimizer(0.1)
        with pytest.raises(ValueError, match="No gradients provided for any variable"):
            optimizer.minimize(tf1x.constant(1.0))
        with pytest.raises(ValueError, match="No variables provided"):
            optimizer.apply_gradients([])
        with pytest.raises(ValueError, match="Invalid type"):
            optimizer.compute_gradients(tf1x.constant(1))
    with tf1x.Graph().as_default(), pytest.raises(ValueError, match="No variables to optimize"):
        tf1x.train.GradientDescentOptimizer(0.1).minimize(tf1x.constant(1.0))
