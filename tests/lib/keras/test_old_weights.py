"""Weights as Keras 1 and CuDNN layers kept them, converted as TensorFlow 2.21's Keras 2 does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1
from tf1x.lib.keras import weights

RNG = np.random.RandomState(0)


def _arrays(*shapes: Any) -> list[Any]:
    return [RNG.randn(*shape).astype("f") for shape in shapes]


_GATE = [(3, 4), (4, 4), (4,)]
_WINDOW = [(3, 3, 2, 4), (3, 3, 4, 4), (4,)]
# A layer, the shape of its input, and what Keras 1 kept of it.
KERAS_1: dict[str, tuple[Any, tuple[Any, ...], list[Any]]] = {
    "lstm": (lambda k: k.LSTM(4), (None, 5, 3), _GATE * 4),
    "gru": (lambda k: k.GRU(4), (None, 5, 3), _GATE * 3),
    "bidirectional": (lambda k: k.TimeDistributed(k.Dense(4)), (None, 5, 3), [(3, 4), (4,)]),
    "conv1d": (lambda k: k.Conv1D(4, 3), (None, 8, 2), [(3, 1, 2, 4), (4,)]),
    "conv1d of 1.0": (lambda k: k.Conv1D(4, 3), (None, 8, 2), [(4, 2, 3, 1), (4,)]),
    "conv2d channels first": (
        lambda k: k.Conv2D(4, 3, data_format="channels_first"), (None, 2, 8, 8), [(4, 2, 3, 3), (4,)],
    ),
    "transposed": (lambda k: k.Conv2DTranspose(4, 3), (None, 8, 8, 2), [(3, 3, 2, 4), (4,)]),
    "conv3d channels first": (
        lambda k: k.Conv3D(4, 3, data_format="channels_first"), (None, 2, 6, 6, 6),
        [(4, 2, 3, 3, 3), (4,)],
    ),
    "conv lstm": (lambda k: k.ConvLSTM2D(4, 3), (None, 2, 8, 8, 2), _WINDOW * 4),
}  # fmt: skip


@pytest.mark.parametrize("name", KERAS_1)
def test_weights_of_keras_1(name: str) -> None:
    from tf_keras.src.saving.legacy import hdf5_format

    make, shape, shapes = KERAS_1[name]
    values = _arrays(*shapes)
    with tf1.Graph().as_default():
        theirs = make(tf1.keras.layers)
        theirs.build(shape)
        wanted = hdf5_format.preprocess_weights_for_loading(theirs, list(values), "1")
    ours = make(tf.keras.layers)
    ours.build(shape)
    found = weights._of_today(ours, values, ours.weights, True)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(found) == len(ours.get_weights())
    kept = weights._of_today(ours, wanted, ours.weights, False)
    assert all(a is b for a, b in zip(kept, wanted, strict=True))


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_weights_of_cudnn_layers(name: str) -> None:
    from tf_keras.src.saving.legacy import hdf5_format

    gates = 4 if name == "LSTM" else 3
    values = _arrays((3, 4 * gates), (4, 4 * gates), (8 * gates,))
    options = {} if name == "LSTM" else {"reset_after": True}
    with tf1.Graph().as_default():
        theirs = getattr(tf1.keras.layers, name)(4, **options)
        theirs.build((None, 5, 3))
        wanted = hdf5_format._convert_rnn_weights(theirs, list(values))
    ours = getattr(tf.keras.layers, name)(4, **options)
    ours.build((None, 5, 3))
    for a, b in zip(weights._of_today(ours, values, ours.weights, False), wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_without_a_version_is_of_keras_1(tmp_path: Path) -> None:
    import h5py

    path = str(tmp_path / "old.h5")
    kernel, bias = _arrays((3, 1, 2, 4), (4,))
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"convolution1d_1"]
        group = file.create_group("convolution1d_1")
        group.attrs["weight_names"] = [b"convolution1d_1_W", b"convolution1d_1_b"]
        group["convolution1d_1_W"], group["convolution1d_1_b"] = kernel, bias
    model = tf.keras.Sequential([tf.keras.layers.Convolution1D(4, 3, input_shape=(8, 2))])
    model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], kernel[:, 0])


def test_scikit_learns_estimators() -> None:
    x = RNG.randn(60, 3).astype("f")
    labels = np.array(["no", "yes"])[(x[:, 0] > 0).astype(int)]

    def build(units: int = 4) -> Any:
        layers = tf.keras.layers
        model = tf.keras.Sequential([layers.Dense(units, input_dim=3, activation="relu"), layers.Dense(2, activation="softmax")])  # fmt: skip
        model.compile(tf.keras.optimizers.Adam(lr=0.05), "categorical_crossentropy", metrics=["accuracy"])  # fmt: skip
        return model

    classifier = tf.keras.wrappers.scikit_learn.KerasClassifier(
        build, units=8, epochs=25, verbose=0
    )
    classifier.fit(x, labels)
    assert classifier.score(x, labels) > 0.9
    assert set(classifier.predict(x)) == {"no", "yes"}
    np.testing.assert_allclose(classifier.predict_proba(x).sum(1), 1, rtol=1e-5)
    assert classifier.get_params()["units"] == 8
    with pytest.raises(ValueError, match="not a legal parameter"):
        tf.keras.wrappers.scikit_learn.KerasClassifier(build, color=1)
