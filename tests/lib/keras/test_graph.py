"""Keras on graph tensors inside of sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.errors import UnsupportedError

keras = tf.keras
K = tf.keras.backend
RNG = np.random.RandomState(0)
X = RNG.randn(32, 4).astype("f")
LABELS = np.eye(3, dtype="f")[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]


@pytest.fixture(autouse=True)
def _fresh() -> Any:
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        yield


def test_layers_on_placeholders() -> None:
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 3])
    first = keras.layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.l2(0.01))
    hidden = keras.layers.Dropout(0.5)(first(x))
    normal = keras.layers.BatchNormalization()
    logits = keras.layers.Dense(3)(normal(hidden))
    assert logits.shape.as_list() == [None, 3]
    assert len(tf.trainable_variables()) == 6
    assert len(normal.updates) == 2
    losses = keras.losses.categorical_crossentropy(y, tf.nn.softmax(logits))
    loss = tf.reduce_mean(losses) + tf.add_n(first.losses)
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        still = {x: X, y: LABELS}
        training = {**still, K.learning_phase(): 1}
        before = session.run(loss, still)
        for _ in range(30):
            session.run([train, normal.updates], training)
        assert session.run(loss, still) < 0.8 * before
        assert session.run(loss, still) == session.run(loss, still)
        assert session.run(loss, training) != session.run(loss, training)
        kernel = session.run(first.kernel)
    np.testing.assert_array_equal(first.get_weights()[0], kernel)  # handed back as it closes


def test_models_in_sessions() -> None:
    model = keras.models.Sequential(
        [keras.layers.Dense(5, activation="tanh", input_shape=(4,)), keras.layers.Dense(2)]
    )
    wanted = model.predict(X)
    found, hidden = K.function([model.input, K.learning_phase()], [model.output, model.layers[0].output])([X, 0])  # fmt: skip
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert hidden.shape == (32, 5)
    session = K.get_session()
    np.testing.assert_allclose(session.run(model.output, {model.input: X}), wanted, atol=1e-6)
    gradient = K.gradients(K.sum(model.output), model.input)[0]
    assert session.run(gradient, {model.input: X}).shape == X.shape

    x = tf.placeholder(tf.float32, [None, 4])
    loss = tf.reduce_mean(tf.square(model(x) - 1.0))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    for _ in range(5):
        session.run(train, {x: X})
    assert session.run(loss, {x: X}) == pytest.approx(
        np.mean((model.predict(X) - 1) ** 2), rel=1e-5
    )
    model.compile("sgd", "mse")
    model.fit(X, np.ones((32, 2)), verbose=0)
    assert session.run(loss, {x: X}) == pytest.approx(
        np.mean((model.predict(X) - 1) ** 2), rel=1e-5
    )


def test_own_layer_on_a_placeholder() -> None:
    class Twice(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(name="w", shape=(int(input_shape[-1]),), initializer="ones")
            super().build(input_shape)

        def call(self, inputs: Any) -> Any:
            return tf.reduce_sum(inputs * self.w, axis=1) * 2.0

    x = tf.placeholder(tf.float32, [None, 4])
    result = Twice()(x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(result, {x: X}), 2 * X.sum(1), rtol=1e-5, atol=1e-5)


def test_parts_of_keras_in_graph_code() -> None:
    start = keras.initializers.he_normal(seed=3)
    w = tf.get_variable("w", [50, 60], initializer=start, regularizer=keras.regularizers.l2(0.5))
    b = tf.get_variable("b", [3], initializer=keras.initializers.Constant(2.0))
    one = tf.layers.dense(tf.ones([2, 3]), 4, kernel_initializer=keras.initializers.Ones())
    penalty = tf.losses.get_regularization_loss()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        value, two, ones, cost = session.run([w, b, one, penalty])
    assert value.std() == pytest.approx(np.sqrt(2 / 50), rel=0.1)
    assert two.tolist() == [2.0, 2.0, 2.0]
    assert np.all(ones == 3)
    assert cost == pytest.approx(0.5 * (value**2).sum(), rel=1e-4)


def test_what_does_not_work_says_so() -> None:
    inputs = keras.layers.Input((4,))
    with pytest.raises(UnsupportedError, match="Lambda"):
        keras.models.Model(inputs, tf.reduce_sum(inputs, axis=1))
    with pytest.raises(UnsupportedError, match="generator"):
        keras.Sequential([keras.layers.Dense(1)]).fit(tf.zeros([2, 3]))
    with pytest.raises(UnsupportedError, match="model_fn"):
        keras.estimator.model_to_estimator()


@pytest.mark.parametrize("kind", ["SimpleRNNCell", "GRUCell", "LSTMCell"])
def test_cells_in_dynamic_rnn(kind: str) -> None:
    """A Keras cell in TensorFlow's loop gives what Keras's own loop gives."""
    x = np.random.RandomState(0).rand(2, 5, 3).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        cell = getattr(tf.keras.layers, kind)(4)
        outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(x), dtype=tf.float32)
        static, _ = tf.nn.static_rnn(cell, tf.unstack(tf.constant(x), axis=1), dtype=tf.float32)
        whole = tf.keras.layers.RNN(cell, return_sequences=True)(tf.constant(x))
        session.run(tf.global_variables_initializer())
        ours, unrolled, theirs, last = session.run([outputs, tf.stack(static, 1), whole, state])
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(unrolled, theirs, rtol=1e-5, atol=1e-6)
        first = last[0] if isinstance(last, (list, tuple)) else last
        np.testing.assert_allclose(first, theirs[:, -1], rtol=1e-5, atol=1e-6)
