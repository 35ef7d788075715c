"""Models of the time, in tf1x and in TensorFlow 2.21's Keras 2 (tf-keras): files, outputs, training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1

# A model by its layers, and the shape of a batch.
MODELS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "dense": (
        lambda k: [
            k.Dense(6, activation="relu", input_shape=(5,)),
            k.BatchNormalization(),
            k.Dense(3, activation="softmax"),
        ],
        (8, 5),
    ),
    "convolutions": (
        lambda k: [
            k.Conv2D(4, 3, activation="elu", input_shape=(8, 8, 2)),
            k.MaxPooling2D(),
            k.SeparableConv2D(3, 2, padding="same"),
            k.GlobalAveragePooling2D(),
            k.Dense(2),
        ],
        (6, 8, 8, 2),
    ),
    "recurrent": (
        lambda k: [
            k.LSTM(4, return_sequences=True, input_shape=(4, 3)),
            k.GRU(3),
            k.Dense(2, activation="hard_sigmoid"),
        ],
        (6, 4, 3),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_same_outputs_and_training(name: str, tmp_path: Path) -> None:
    """The file that Keras 2 writes gives the same model, and the same training goes on from it."""
    layers, shape = MODELS[name]
    rng = np.random.RandomState(0)
    x = rng.randn(*shape).astype("f")
    graph = tf1.Graph()
    with graph.as_default(), tf1.Session(graph=graph) as session:
        tf1.keras.backend.set_session(session)
        theirs = tf1.keras.Sequential(layers(tf1.keras.layers))
        y = rng.rand(shape[0], theirs.output_shape[1]).astype("f")
        optimizer = tf1.keras.optimizers.SGD(lr=0.1, momentum=0.9, decay=0.01, nesterov=True)
        theirs.compile(optimizer, "mse", metrics=["mae"])
        options = {"batch_size": 2, "epochs": 2, "shuffle": False, "verbose": 0}
        theirs.fit(x, y, **options)
        path = str(tmp_path / "model.h5")
        theirs.save(path)
        wanted = theirs.predict(x)
        losses = theirs.fit(x, y, **options).history["loss"]

    ours = tf.keras.models.load_model(path)
    np.testing.assert_allclose(ours.predict(x), wanted, atol=1e-5)
    assert all(v.dtype == "float32" for v in ours.weights)
    np.testing.assert_allclose(ours.fit(x, y, **options).history["loss"], losses, rtol=1e-4)
