"""The native update by Adam against its lowering on NumPy's arrays."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import tf1x as tf
from tf1x.native import adam
from tf1x.ops.training import _adam

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.mark.parametrize("shape", [(), (0,), (3,), (4096,), (70, 123), (100_003,)])
def test_update(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    var, m, grad = (np.array(random.normal(size=shape), np.float32) for _ in range(3))
    v = np.array(random.random(shape), np.float32)
    v.flat[:2] = grad.flat[:2] = 0
    rates = [np.float32(x) for x in (0.81, 0.998, 0.01, 0.9, 0.999, 1e-8)]
    assert adam.suits(var)
    actual = jax.jit(_adam)(var, m, v, *rates, grad)
    for got, want in zip(actual, _adam(var, m, v, *rates, grad), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("keep", [False, True])
def test_keep(keep: bool) -> None:
    old = [np.full(5000, x, np.float32) for x in (1, 2, 3)]
    rates = [np.float32(x) for x in (0.01, 0.9, 0.999, 1e-8)]
    new = jax.jit(adam.update)(*old, np.ones(5000, np.float32), *rates, np.bool_(keep))
    assert [np.array_equal(a, b) for a, b in zip(old, new, strict=True)] == [keep] * 3


@pytest.mark.parametrize("first", ["nothing", "assign"])
@pytest.mark.parametrize("later", ["nothing", "check"])
def test_a_run_that_fails_leaves_all_as_it_was(first: str, later: str) -> None:
    """Checks before the update and after it, and a variable that the same run has set before."""
    tf.reset_default_graph()
    labels = tf.placeholder(tf.int64, [1])
    divisor = tf.placeholder(tf.int32, [])
    weights = tf.get_variable("weights", [200, 100], use_resource=True)
    set_first = [weights.assign(tf.ones([200, 100]))] if first == "assign" else []
    with tf.control_dependencies(set_first):
        logits = tf.matmul(tf.ones([1, 200]), weights.read_value())
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        train = tf.train.AdamOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([train] if later == "check" else []):
        quotient = tf.constant(4) // divisor
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run([train, quotient], {labels: [3], divisor: 2})
        before = sess.run(tf.global_variables())
        for feed in ({labels: [100], divisor: 2}, {labels: [3], divisor: 0}):
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run([train, quotient], feed)
            for old, new in zip(before, sess.run(tf.global_variables()), strict=True):
                np.testing.assert_array_equal(old, new)
        sess.run([train, quotient], {labels: [3], divisor: 2})
        assert not np.array_equal(before[0], sess.run(weights))


def test_what_is_left_to_xla() -> None:
    assert not adam.suits(np.zeros(10_000, np.float64))
