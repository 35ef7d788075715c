"""`tf.contrib.slim`: the names it shows, training ops, sizes of models, and a training run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x

slim = tf1x.contrib.slim


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf1x.Graph().as_default() as graph:
        yield graph


def test_names_of_other_packages() -> None:
    layers, framework = tf1x.contrib.layers, tf1x.contrib.framework
    assert slim.conv2d is layers.conv2d is slim.layers.conv2d
    assert slim.arg_scope is framework.arg_scope
    assert slim.get_model_variables is framework.get_model_variables
    assert slim.l2_regularizer is layers.l2_regularizer is slim.regularizers.l2_regularizer
    assert slim.xavier_initializer is slim.initializers.xavier_initializer
    assert slim.get_or_create_global_step is tf1x.train.get_or_create_global_step
    assert slim.losses.mean_squared_error is tf1x.contrib.losses.mean_squared_error


# -- training ops ----------------------------------------------------------------------------------


def _problem() -> tuple[Any, Any, Any]:
    """0.5 (3 a)^2 + b: gradients 9 a and 1 at a = 10, b = 1."""
    a = tf1x.get_variable("a", initializer=10.0)
    b = tf1x.get_variable("b", initializer=1.0)
    return a, b, 0.5 * tf1x.square(3.0 * a) + b


def _run(fetches: Any, *before: Any) -> Any:
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        for op in before:
            session.run(op)
        return session.run(fetches)


def test_train_op() -> None:
    a, b, loss = _problem()
    count = tf1x.get_variable("count", initializer=0, trainable=False)
    tf1x.add_to_collection(tf1x.GraphKeys.UPDATE_OPS, tf1x.assign_add(count, 1))
    train = slim.learning.create_train_op(
        loss, tf1x.train.GradientDescentOptimizer(1.0), clip_gradient_norm=4.0,
        gradient_multipliers={"b": 0.5},
    )  # fmt: skip
    assert tf1x.get_collection(tf1x.GraphKeys.TRAIN_OP)[-1] is train
    step = tf1x.train.get_global_step()
    assert _run(train) == 451.0
    np.testing.assert_allclose(_run([a, b, count, step], train), [6.0, 0.5, 1, 1])


def test_train_op_without_step_and_updates() -> None:
    a, b, loss = _problem()
    tf1x.add_to_collection(tf1x.GraphKeys.UPDATE_OPS, tf1x.assign(b, 100.0))
    optimizer = tf1x.train.GradientDescentOptimizer(0.1)
    train = slim.learning.create_train_op(
        loss, optimizer, global_step=None, update_ops=[], variables_to_train=[a]
    )
    assert tf1x.train.get_global_step() is None
    np.testing.assert_allclose(_run([a, b], train), [1.0, 1.0], rtol=1e-5)


def test_a_loss_that_is_not_finite() -> None:
    a = tf1x.get_variable("a", initializer=0.0)
    optimizer = tf1x.train.GradientDescentOptimizer(0.1)
    train = slim.learning.create_train_op(tf1x.log(a), optimizer)
    with pytest.raises(tf1x.errors.InvalidArgumentError, match="LossTensor is inf or nan"):
        _run(train)


def test_gradients() -> None:
    a, b, _ = _problem()
    rows = tf1x.IndexedSlices(tf1x.constant([[3.0, 4.0]]), tf1x.constant([0]))
    pairs = [(tf1x.constant([3.0, 4.0]), a), (None, b), (rows, b)]
    clipped = slim.learning.clip_gradient_norms(pairs, 1.0)
    assert clipped[1] == (None, b)
    scaled = slim.learning.multiply_gradients(
        [pairs[0], pairs[2]], {"a": 2.0, b: tf1x.constant(3.0)}
    )
    found = _run([clipped[0][0], clipped[2][0].values, scaled[0][0], scaled[1][0].values])
    for got, wanted in zip(found, ([0.6, 0.8], [[0.6, 0.8]], [6, 8], [[9, 12]]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    for arguments in ((tuple(pairs), {a: 1.0}), (pairs, {}), (pairs, [a]), (pairs, {b: 1.0})):
        with pytest.raises(ValueError):
            slim.learning.multiply_gradients(*arguments)


def test_train_step() -> None:
    _, _, loss = _problem()
    train = slim.learning.create_train_op(loss, tf1x.train.GradientDescentOptimizer(0.1))
    step = tf1x.train.get_global_step()
    control = {"should_stop": step >= 2, "should_log": tf1x.constant(True)}
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        _, first = slim.learning.train_step(session, train, step, control)
        _, second = slim.learning.train_step(session, train, step, control)
    assert (bool(first), bool(second)) == (False, True)


def test_sizes(capsys: pytest.CaptureFixture[str], graph: Any) -> None:
    slim.fully_connected(tf1x.placeholder(tf1x.float32, [2, 5]), 3)
    analyzer = slim.model_analyzer
    assert analyzer.analyze_vars(slim.get_model_variables()) == (18, 72)
    assert capsys.readouterr().out == ""
    analyzer.analyze_vars(slim.get_model_variables(), print_info=True)
    assert capsys.readouterr().out.splitlines()[3:] == [
        "fully_connected/weights:0 (float32_ref 5x3) [15, bytes: 60]",
        "fully_connected/biases:0 (float32_ref 3) [3, bytes: 12]",
        "Total size of variables: 18",
        "Total bytes of variables: 72",
    ]
    total = analyzer.analyze_ops(graph, print_info=True)
    lines = capsys.readouterr().out.splitlines()
    assert "fully_connected/Relu \t-> (float32 2x3) [6]" in lines
    assert total == sum(int(line.rpartition("[")[2][:-1]) for line in lines[3:])


# -- a model ---------------------------------------------------------------------------------------


def test_a_model_learns() -> None:
    """Points on both sides of a circle, by layers with scopes, batch norm and weight decay."""
    values = np.random.RandomState(0)
    points = values.randn(200, 2).astype(np.float32)
    labels = ((points**2).sum(1) > 1.4).astype(np.int32)
    x = tf1x.constant(points)

    def model(is_training: bool, reuse: bool) -> Any:
        with slim.arg_scope(
            [slim.fully_connected], weights_regularizer=slim.l2_regularizer(1e-4),
            normalizer_fn=slim.batch_norm,
            normalizer_params={"is_training": is_training, "decay": 0.9},
        ), tf1x.variable_scope("model", reuse=reuse):  # fmt: skip
            net = slim.stack(x, slim.fully_connected, [32, 16], scope="fc")
            return slim.fully_connected(net, 2, activation_fn=None, normalizer_fn=None, scope="out")

    tf1x.set_random_seed(1)
    tf1x.losses.sparse_softmax_cross_entropy(labels, model(True, False))
    total = tf1x.losses.get_total_loss()
    train = slim.learning.create_train_op(total, tf1x.train.AdamOptimizer(0.02))
    accuracy = tf1x.reduce_mean(
        tf1x.cast(tf1x.equal(tf1x.argmax(model(False, True), 1), labels), tf1x.float32)
    )
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        losses = [session.run(train) for _ in range(120)]
        assert losses[-1] < 0.3 * losses[0]
        assert session.run(accuracy) > 0.95
