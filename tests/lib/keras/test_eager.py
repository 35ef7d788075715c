"""Keras in eager execution: layers under tapes, and loops of the program's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.lib.eager import both
from tf1x.runtime import eager

RNG = np.random.RandomState(0)
X = RNG.randn(8, 3).astype("f")
Y = (X.sum(1, keepdims=True) > 0).astype("f")
LABELS = (X[:, 0] > 0).astype("i")


@pytest.fixture(autouse=True)
def _eagerly() -> Iterator[None]:
    with eager.graph().as_default():
        yield


def _weights(shapes: Any) -> list[Any]:
    rng = np.random.RandomState(1)
    return [rng.randn(*shape).astype("f") * 0.5 for shape in shapes]


def _trained(tf: Any, optimizer: Any, steps: int = 4) -> Any:
    """Losses, gradients and weights of a loop of the program's own, from the same weights."""
    keras = tf.keras
    model = keras.Sequential([keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)])
    model(X)
    model.set_weights(_weights([(3, 4), (4,), (4, 2), (2,)]))
    made = optimizer(tf)
    losses, grads = [], []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            logits = model(tf.constant(X), training=True)
            loss = tf.losses.sparse_softmax_cross_entropy(LABELS, logits)
        grads = tape.gradient(loss, model.trainable_variables)
        made.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        losses.append(loss.numpy())
    return {"losses": losses, "grads": list(grads), "weights": model.get_weights()}


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda tf: tf.train.AdamOptimizer(0.05),
        lambda tf: tf.train.MomentumOptimizer(0.1, 0.9),
        lambda tf: tf.keras.optimizers.SGD(lr=0.1, momentum=0.9),
        lambda tf: tf.keras.optimizers.Adam(lr=0.05),
    ],
    ids=["train.Adam", "train.Momentum", "keras.SGD", "keras.Adam"],
)
def test_a_loop_of_the_programs_own_as_in_tensorflow(optimizer: Any) -> None:
    both.check(lambda tf: _trained(tf, optimizer), rtol=2e-4)


def _layers(tf: Any) -> dict[str, Any]:
    layers = tf.keras.layers
    return {
        "dense": (layers.Dense(2, activation="relu"), X),
        "conv": (layers.Conv2D(3, 2, padding="same"), X.reshape(2, 4, 3, 1)),
        "norm": (layers.BatchNormalization(), X),
        "lstm": (layers.LSTM(3, recurrent_activation="sigmoid"), X.reshape(2, 4, 3)),
        "embedding": (layers.Embedding(5, 3), LABELS.reshape(2, 4)),
    }


@pytest.mark.parametrize("name", ["dense", "conv", "norm", "lstm", "embedding"])
def test_layers_under_a_tape_as_in_tensorflow(name: str) -> None:
    def program(tf: Any) -> Any:
        layer, x = _layers(tf)[name]
        layer(x)
        layer.set_weights(_weights([w.shape for w in layer.get_weights()]))
        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(tf.square(y))
        sources = [*layer.trainable_variables, *([x] if x.dtype == tf.float32 else [])]
        grads = [tf.convert_to_tensor(g) for g in tape.gradient(loss, sources)]
        return {"y": y, "grads": grads}

    both.check(program, rtol=1e-3)


def test_statistics_and_dropout_follow_training() -> None:
    norm, drop = tf.keras.layers.BatchNormalization(), tf.keras.layers.Dropout(0.5)
    before = norm(X).numpy()
    np.testing.assert_allclose(norm(X, training=True).numpy().mean(0), 0, atol=1e-6)
    assert not np.allclose(norm.moving_mean.numpy(), 0)
    assert not np.array_equal(norm(X).numpy(), before)
    np.testing.assert_array_equal(drop(X).numpy(), X)
    once, again = drop(X, training=True).numpy(), drop(X, training=True).numpy()
    assert (once == 0).any()
    assert not np.array_equal(once, again)


def test_a_model_class_of_the_program(tmp_path: Path) -> None:
    class Model(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = tf.keras.layers.Dense(4, activation=tf.nn.relu)
            self.last = tf.keras.layers.Dense(1)

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.last(tf.nn.dropout(self.first(inputs), 1.0 if training else 0.9))

    model, optimizer = Model(), tf.train.GradientDescentOptimizer(0.05)
    step = tf.train.get_or_create_global_step()
    losses = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X, training=True) - Y))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True), step)
        losses.append(float(loss))
    assert losses[-1] < losses[0]
    saved = tf.train.Checkpoint(model=model, optimizer=optimizer).save(str(tmp_path / "c"))
    names = [name for name, _ in tf.train.list_variables(saved)]
    assert "model/first/kernel/.ATTRIBUTES/VARIABLE_VALUE" in names
    other = Model()
    tf.train.Checkpoint(model=other).restore(saved)  # before it has weights
    np.testing.assert_array_equal(other(X).shape.as_list(), [8, 1])
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_are_variables_to_the_program() -> None:
    layer = tf.keras.layers.Dense(2, use_bias=False)
    layer(X)
    kernel = layer.kernel
    kernel.assign(np.ones((3, 2), "f"))
    with tf.GradientTape(persistent=True) as tape:
        penalty = tf.nn.l2_loss(kernel) + tf.reduce_sum(kernel**2 * 2.0)
        doubled = (kernel + kernel).numpy()
    assert tape.gradient(penalty, kernel).numpy().tolist() == [[5.0, 5.0]] * 3
    assert doubled.tolist() == [[2.0, 2.0]] * 3
    kernel.assign_sub(tf.ones_like(kernel))
    assert not layer(X).numpy().any()
    assert [v.numpy().any() for v in tape.watched_variables()] == [False]


def test_optimizers_of_keras_on_variables_of_the_program() -> None:
    w = tf.Variable([1.0, 2.0])
    optimizer = tf.optimizers.SGD(0.1)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(w * w)
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    np.testing.assert_allclose(w.numpy(), [0.64, 1.28], rtol=1e-6)
    optimizer.minimize(lambda: tf.reduce_sum(w * w), var_list=[w])
    np.testing.assert_allclose(w.numpy(), [0.512, 1.024], rtol=1e-6)


def test_fit_beside_a_loop() -> None:
    layers = [
        tf.keras.layers.Dense(4, activation="relu", input_shape=(3,)),
        tf.keras.layers.Dense(1),
    ]
    model = tf.keras.Sequential(layers)
    model.compile(tf.train.AdamOptimizer(0.01), "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2
    before = model.get_weights()[0]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.mean_squared_error(Y, model(X)))
    np.testing.assert_allclose(loss.numpy(), model.evaluate(X, Y, verbose=0)[0], rtol=1e-5)
    grads = tape.gradient(loss, model.trainable_variables)
    tf.train.GradientDescentOptimizer(0.1).apply_gradients(
        zip(grads, model.trainable_variables, strict=True)
    )
    np.testing.assert_allclose(model.get_weights()[0], before - 0.1 * grads[0].numpy(), rtol=1e-5)
    np.testing.assert_allclose(model.predict(X), model(X).numpy(), rtol=1e-5)
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    assert len(model.fit(dataset, epochs=3, verbose=0).history["loss"]) == 3
    assert len(model.fit(dataset.repeat(), epochs=2, steps_per_epoch=3, verbose=0).epoch) == 2
    assert len(model.train_on_batch(X, Y)) == 2


def test_functions_and_metrics() -> None:
    model = tf.keras.Sequential([tf.keras.layers.Dense(2)])
    model(X)
    traced = tf.contrib.eager.defun(lambda x: tf.reduce_sum(model(x)))
    with tf.GradientTape() as tape:
        total = traced(tf.constant(X))
    kernel, bias = tape.gradient(total, model.trainable_variables)
    np.testing.assert_allclose(bias.numpy(), [8.0, 8.0])
    np.testing.assert_allclose(kernel.numpy()[:, 0], X.sum(0), rtol=1e-5)
    accuracy = tf.keras.metrics.SparseCategoricalAccuracy()
    accuracy.update_state([1, 0], tf.constant([[0.1, 0.9], [0.2, 0.8]]))
    assert accuracy.result().numpy() == 0.5
