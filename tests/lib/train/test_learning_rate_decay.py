"""Learning-rate schedules against TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_same_nodes
from tests.oracle import tf1

# name: (schedule, whether TensorFlow builds it without cond and case)
SCHEDULES: dict[str, tuple[Any, bool]] = {
    "exponential": (lambda t, s: t.exponential_decay(0.1, s, 100, 0.96), True),
    "staircase": (
        lambda t, s: t.exponential_decay(0.1, s, 100, 0.96, staircase=True, name="rate"),
        True,
    ),
    "staircase_of_41": (lambda t, s: t.exponential_decay(0.1, s, 41, 0.5, staircase=True), True),
    "natural_exp": (lambda t, s: t.natural_exp_decay(0.1, s, 100, 0.5), True),
    "natural_exp_staircase": (
        lambda t, s: t.natural_exp_decay(0.1, s, 100, 0.5, staircase=True),
        True,
    ),
    "inverse_time": (lambda t, s: t.inverse_time_decay(0.1, s, 100, 0.5), True),
    "inverse_time_staircase": (
        lambda t, s: t.inverse_time_decay(0.1, s, 100, 0.5, staircase=True),
        True,
    ),
    "polynomial": (lambda t, s: t.polynomial_decay(0.1, s, 100, 0.01, power=2.0), True),
    "polynomial_root": (lambda t, s: t.polynomial_decay(0.1, s, 100, 0.01, power=0.5), True),
    "polynomial_cycle": (lambda t, s: t.polynomial_decay(0.1, s, 100, 0.01, cycle=True), True),
    "cosine": (lambda t, s: t.cosine_decay(0.1, s, 200, alpha=0.1), True),
    "linear_cosine": (
        lambda t, s: t.linear_cosine_decay(0.1, s, 200, num_periods=1.5, alpha=0.1),
        True,
    ),
    "cosine_restarts": (lambda t, s: t.cosine_decay_restarts(0.1, s, 50, alpha=0.1), False),
    "cosine_restarts_shrinking": (
        lambda t, s: t.cosine_decay_restarts(0.1, s, 50, t_mul=1.5, m_mul=0.5),
        False,
    ),
    "cosine_restarts_equal": (
        lambda t, s: t.cosine_decay_restarts(0.1, s, 50, t_mul=1.0, m_mul=0.9),
        False,
    ),
    "piecewise": (
        lambda t, s: t.piecewise_constant(s, [50, 100, 150], [0.1, 0.05, 0.01, 0.001]),
        False,
    ),
}
STEPS = [0, 1, 41, 49, 50, 51, 82, 99, 100, 101, 164, 150, 175, 199, 200, 201, 555]


def _values(tf: Any, schedule: Any) -> np.ndarray:
    with tf.Graph().as_default():
        step = tf.placeholder(tf.int64, [])
        rate = schedule(tf.train, step)
        with tf.Session() as session:
            return np.array([session.run(rate, {step: s}) for s in STEPS])


@pytest.mark.parametrize("name", SCHEDULES)
def test_values_equal_tensorflow(name: str) -> None:
    ours, theirs = (_values(tf, SCHEDULES[name][0]) for tf in (tf1x, tf1))
    assert ours.dtype == theirs.dtype
    # XLA fuses `1 - step / steps` to 2e-8 rather than 0, of which this takes the root.
    atol = 2e-5 if name == "polynomial_root" else 1e-8
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("name", [name for name, (_, plain) in SCHEDULES.items() if plain])
def test_nodes_equal_tensorflow(name: str) -> None:
    def program(tf: Any) -> None:
        step = tf.Variable(0, trainable=False, name="step")
        SCHEDULES[name][0](tf.train, step)

    assert_same_nodes(program)


def test_noise_keeps_the_mean() -> None:
    with tf1x.Graph().as_default():
        step = tf1x.constant(10)
        noisy = tf1x.train.noisy_linear_cosine_decay(0.1, step, 100, initial_variance=1e-4)
        plain = tf1x.train.linear_cosine_decay(0.1, step, 100)
        with tf1x.Session() as session:
            values = [session.run(noisy) for _ in range(200)]
            exact = session.run(plain)
    assert np.std(values) > 0
    assert abs(np.mean(values) - exact) < 1e-3


def test_piecewise_boundaries_and_values_must_fit() -> None:
    with tf1x.Graph().as_default():
        with pytest.raises(ValueError, match="1 less"):
            tf1x.train.piecewise_constant(tf1x.constant(1), [1, 2], [0.1, 0.2])
        with pytest.raises(ValueError, match="same dtype"):
            tf1x.train.piecewise_constant(tf1x.constant(1), [1.0], [0.1, 0.2])


def test_a_schedule_drives_an_optimizer() -> None:
    with tf1x.Graph().as_default():
        weight = tf1x.Variable(0.0)
        step = tf1x.train.get_or_create_global_step()
        rate = tf1x.train.piecewise_constant(step, [1], [1.0, 0.1])
        train = tf1x.train.GradientDescentOptimizer(rate).minimize(-weight, global_step=step)
        with tf1x.Session() as session:
            session.run(tf1x.global_variables_initializer())
            for _ in range(4):
                session.run(train)
            np.testing.assert_allclose(session.run(weight), 2.2, rtol=1e-6)
            assert tf1x.train.global_step(session, step) == 4
