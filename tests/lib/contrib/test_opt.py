"""`tf.contrib.opt`: each step against the formula, written out in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf

opt = tf.contrib.opt
START = np.float32([[1.0, -2.0], [3.0, 0.5], [-1.5, 2.0]])
GRADS = [
    np.float32([[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]]),
    np.float32([[-0.2, 0.1], [0.3, 0.3], [0.1, 0.9]]),
]


def steps(optimizer: Any, use_resource: bool, rows: Any = None, **kwargs: Any) -> np.ndarray:
    """The variable after two steps; with `rows`, gradients of those rows alone."""
    with tf.Graph().as_default(), tf.Session() as session:
        var = tf.Variable(START, use_resource=use_resource)
        grad = tf.placeholder(tf.float32, [None, 2])
        step = tf.train.create_global_step()
        given = (
            grad if rows is None else tf.IndexedSlices(grad, tf.constant(rows), tf.constant([3, 2]))
        )
        train = optimizer().apply_gradients([(given, var)], global_step=step, **kwargs)
        session.run(tf.global_variables_initializer())
        for g in GRADS:
            session.run(train, {grad: g if rows is None else g[rows]})
        return session.run(var)


def adam(decay: float = 0.0, nesterov: bool = False, rows: Any = slice(None)) -> np.ndarray:
    x, m, v = START.astype(np.float64), np.zeros([3, 2]), np.zeros([3, 2])
    for t, g in enumerate(GRADS, 1):
        x[rows] -= decay * x[rows]
        g = g.astype(np.float64)[rows]
        m[rows] = 0.9 * m[rows] + 0.1 * g
        v[rows] = 0.999 * v[rows] + 0.001 * g * g
        rate = 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        ahead = 0.9 * m[rows] + 0.1 * g if nesterov else m[rows]
        x[rows] -= rate * ahead / (np.sqrt(v[rows]) + 1e-8)
    return x


def signed(power: bool, rows: Any = slice(None)) -> np.ndarray:
    x, m = START.astype(np.float64), np.zeros([3, 2])
    for t, g in enumerate(GRADS):
        full = np.zeros([3, 2])
        full[rows] = g[rows]
        m = 0.9 * m + 0.1 * full
        agreement = max(0.0, (4 - t) / 4) * np.sign(full) * np.sign(m)
        x -= 0.1 * (np.exp(agreement) if power else 1 + agreement) * full
    return x


ROWS = [2, 0]
decayed = {"sign_decay_fn": opt.get_linear_decay_fn(4)}
CASES = {
    "AdamW": (lambda: opt.AdamWOptimizer(0.01, learning_rate=0.1), None, adam(0.01)),
    "AdamW rows": (lambda: opt.AdamWOptimizer(0.01, learning_rate=0.1), [0, 1, 2], adam(0.01)),
    "extended Adam": (
        lambda: opt.extend_with_decoupled_weight_decay(tf.train.AdamOptimizer)(0.01, 0.1),
        None,
        adam(0.01),
    ),
    "LazyAdam": (lambda: opt.LazyAdamOptimizer(0.1), None, adam()),
    "LazyAdam rows": (lambda: opt.LazyAdamOptimizer(0.1), ROWS, adam(rows=ROWS)),
    "Nadam": (lambda: opt.NadamOptimizer(0.1), None, adam(nesterov=True)),
    "Nadam rows": (lambda: opt.NadamOptimizer(0.1), [0, 1, 2], adam(nesterov=True)),
    "PowerSign": (lambda: opt.PowerSignOptimizer(0.1, **decayed), None, signed(True)),
    "PowerSign rows": (lambda: opt.PowerSignOptimizer(0.1, **decayed), ROWS, signed(True, ROWS)),
    "AddSign": (lambda: opt.AddSignOptimizer(0.1, **decayed), None, signed(False)),
    "AddSign rows": (lambda: opt.AddSignOptimizer(0.1, **decayed), ROWS, signed(False, ROWS)),
}  # fmt: skip


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_steps(case: str, use_resource: bool) -> None:
    optimizer, rows, expected = CASES[case]
    np.testing.assert_allclose(steps(optimizer, use_resource, rows), expected, rtol=2e-5)


def test_only_the_listed_variables_decay() -> None:
    kwargs = {"decay_var_list": []}
    found = steps(lambda: opt.MomentumWOptimizer(0.5, 0.1, 0.0), False, **kwargs)
    np.testing.assert_allclose(found, START - 0.1 * (GRADS[0] + GRADS[1]), rtol=1e-5)


def test_sign_decays() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.placeholder(tf.int64, [])
        functions = [
            opt.get_linear_decay_fn(10),
            opt.get_cosine_decay_fn(10, num_periods=5, zero_after=8),
            opt.get_restart_decay_fn(10, num_periods=2),
        ]
        tensors = [f(step) for f in functions]
        found = [session.run(tensors, {step: i}) for i in (0, 4, 9)]
    expected = [
        [1, 1, 1],
        [0.6, (1 + np.cos(4 * np.pi)) / 2, (1 + np.cos(0.8 * np.pi)) / 2],
        [0.1, 0, (1 + np.cos(0.8 * np.pi)) / 2],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(ValueError, match="global step"):
        opt.get_linear_decay_fn(3)(None)


@pytest.mark.parametrize("use_resource", [False, True])
def test_scipy(use_resource: bool) -> None:
    pytest.importorskip("scipy")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.Variable([7.0, 7.0], use_resource=use_resource)
        y = tf.Variable(3.0, use_resource=use_resource)
        target = tf.placeholder(tf.float32, [2])
        loss = tf.reduce_sum(tf.square(x - target)) + tf.square(y - 1.0)
        session.run(tf.global_variables_initializer())
        seen: list[Any] = []
        optimizer = opt.ScipyOptimizerInterface(loss, options={"maxiter": 100})
        optimizer.minimize(session, {target: [1.0, 2.0]}, fetches=[loss], loss_callback=seen.append)
        np.testing.assert_allclose(session.run(x), [1.0, 2.0], atol=1e-4)
        np.testing.assert_allclose(session.run(y), 1.0, atol=1e-4)
        assert seen[0] > seen[-1] < 1e-6

        bounded = opt.ScipyOptimizerInterface(loss, [x], var_to_bounds={x: ([2.0, -np.inf], 1.5)})
        assert bounded._packed_bounds == [(2.0, 1.5), (-np.inf, 1.5)]
        constrained = opt.ScipyOptimizerInterface(
            loss, [x], equalities=[x[0] + x[1] - 1.0], inequalities=[x[1] - 0.5], method="SLSQP"
        )
        constrained.minimize(session, {target: [1.0, 2.0]})
        np.testing.assert_allclose(session.run(x), [0.0, 1.0], atol=1e-3)
        with pytest.raises(ValueError, match="'jac'"):
            opt.ScipyOptimizerInterface(loss, jac=None).minimize(session, {target: [1.0, 2.0]})
        with pytest.raises(tf.errors.UnimplementedError, match="defines no _minimize"):
            opt.ExternalOptimizerInterface(loss).minimize(session, {target: [1.0, 2.0]})


def test_averages_are_saved_in_the_place_of_variables(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        var = tf.Variable([4.0], name="var")
        optimizer = opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(1.0), 0.5)
        with pytest.raises(RuntimeError, match="before swapping_saver"):
            optimizer.swapping_saver()
        train = optimizer.apply_gradients([(tf.constant([1.0]), var)])
        saver = optimizer.swapping_saver()
        session.run(tf.global_variables_initializer())
        session.run(train)
        assert session.run(var) == [3.0]
        path = saver.save(session, str(tmp_path / "model"))
    reader = tf.train.load_checkpoint(path)
    assert reader.get_tensor("var") == [3.5]
    assert reader.get_tensor("var/ExponentialMovingAverage") == [3.0]
