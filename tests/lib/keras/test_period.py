"""The spellings of Keras 1 and 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests import processes
from tf1x.core.errors import DataLossError, UnsupportedError

keras = tf.keras
K = tf.keras.backend
RNG = np.random.RandomState(0)
X, Y = RNG.randn(32, 4).astype("f"), np.eye(3, dtype="f")[RNG.randint(0, 3, 32)]


def _model() -> Any:
    layers = keras.layers
    model = keras.models.Sequential()
    model.add(layers.Dense(output_dim=6, input_dim=4, init="uniform", activation=tf.nn.relu))
    model.add(layers.Dropout(p=0.1))
    model.add(layers.Dense(3, W_regularizer=keras.regularizers.l2(0.01), activation="softmax"))
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.Adam(lr=0.01, decay=0.1),
        metrics=["accuracy"],
    )
    return model


def test_training_of_the_time(tmp_path: Path) -> None:
    model = _model()
    seen: list[Any] = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((logs.get("val_acc"), logs["val_accuracy"]))

    path = str(tmp_path / "best-{val_acc:.1f}.h5")
    history = model.fit(
        X, Y, nb_epoch=2, batch_size=8, verbose=0, validation_split=0.25,
        callbacks=[Seen(), keras.callbacks.ModelCheckpoint(path, monitor="val_accuracy")],
    ).history  # fmt: skip
    assert list(history) == ["acc", "loss", "val_acc", "val_loss"]
    assert history["accuracy"] == history["acc"]
    assert [a for a, _ in seen] == [b for _, b in seen] == history["val_acc"]
    assert len(list(tmp_path.iterdir())) >= 1
    assert model.metrics_names == ["loss", "acc"]
    assert model.predict_classes(X).shape == (32,)
    assert K.get_value(model.optimizer.lr) == pytest.approx(0.01)
    K.set_value(model.optimizer.lr, 0.5)
    assert K.get_value(model.optimizer.lr) == pytest.approx(0.5)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.5 / (1 + 0.1 * 6))

    def batches() -> Any:
        while True:
            yield X[:8], Y[:8]

    model.fit_generator(batches(), samples_per_epoch=16, nb_epoch=1, verbose=0)
    assert len(model.evaluate_generator(batches(), steps=2)) == 2


def test_files(tmp_path: Path) -> None:
    model = _model()
    model.fit(X, Y, verbose=0)
    path = str(tmp_path / "model.h5")
    model.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert int(again.optimizer.iterations.value) == int(model.optimizer.iterations.value)
    assert again.optimizer.get_config()["decay"] == 0.1
    for name in ("weights.h5", "checkpoint/weights"):
        model.save_weights(str(tmp_path / name))
        fresh = keras.models.model_from_json(model.to_json())
        fresh.load_weights(str(tmp_path / name))
        np.testing.assert_array_equal(fresh.predict(X), model.predict(X))
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes((tmp_path / "model.h5").read_bytes()[:100])
    with pytest.raises(DataLossError, match=r"damaged\.h5"):
        keras.models.load_model(str(damaged))


def test_the_programs_own_functions() -> None:
    """Losses, metrics, Lambdas and layers that are written with tf and K."""

    class Scaled(keras.layers.Layer):
        def __init__(self, units: int, **kwargs: Any) -> None:
            self.units = units
            super().__init__(**kwargs)

        def build(self, input_shape: Any) -> None:
            shape = (input_shape[-1].value, self.units)
            self.kernel = self.add_weight("kernel", shape=shape, initializer="ones")
            super().build(input_shape)

        def call(self, inputs: Any) -> Any:
            assert inputs.get_shape().as_list()[1] == 4
            return K.dot(inputs, self.kernel)

    def noisy(parts: Any) -> Any:
        mean, spread = parts
        return mean + spread * K.random_normal(K.shape(mean))

    def loss(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)

    def right(y_true: Any, y_pred: Any) -> Any:
        return K.mean(K.equal(K.argmax(y_true, -1), K.argmax(y_pred, -1)))

    inputs = keras.layers.Input((4,))
    hidden = Scaled(3)(inputs)
    doubled = keras.layers.Lambda(lambda x: 2.0 * x + tf.zeros_like(x))(hidden)
    drawn = keras.layers.Lambda(noisy)([doubled, doubled])
    still = keras.models.Model(input=inputs, output=doubled)
    np.testing.assert_allclose(still.predict(X), 2 * X.sum(1, keepdims=True) @ np.ones((1, 3)), rtol=1e-4, atol=1e-5)  # fmt: skip
    model = keras.models.Model(inputs, drawn)
    model.compile("sgd", loss=loss, metrics=[right])
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert set(history) == {"loss", "right"}
    assert np.all(np.isfinite(history["loss"]))
    assert not np.array_equal(model.predict(X), model.predict(X))


def test_frozen_after_compile_still_trains() -> None:
    """The way of GANs: what was trainable when a model was compiled is trained."""
    model = _model()
    model.trainable = False
    before = model.get_weights()[0].copy()
    first = model.train_on_batch(X, Y)
    assert not np.array_equal(model.get_weights()[0], before)
    assert model.train_on_batch(X, Y) != first
    assert model.trainable_weights == []


def test_tf_train_optimizer() -> None:
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(4,))])
    model.compile(tf.train.RMSPropOptimizer(0.01), "mse")
    model.fit(X, Y[:, :1], verbose=0)
    with pytest.raises(UnsupportedError, match="FtrlOptimizer"):
        model.compile(tf.train.FtrlOptimizer(0.1), "mse")


def test_data_needs_no_keras(tmp_path: Path) -> None:
    """Data sets on the disk and one-hot rows, in a process without Keras."""
    arrays = {k: np.zeros(3, np.uint8) for k in ("x_train", "y_train", "x_test", "y_test")}
    np.savez(tmp_path / "mnist.npz", **arrays)
    program = """
        import sys
        sys.modules["keras"] = None
        import tf1x as tf
        (x, _), _ = tf.keras.datasets.mnist.load_data()
        print(x.shape, tf.keras.utils.to_categorical([1, 0]).tolist())
        print(tf.keras.preprocessing.sequence.pad_sequences([[1, 2, 3], [4]], 2).tolist())
        try:
            tf.keras.layers.Dense
        except ImportError as error:
            print(error)
    """
    found = processes.code(program, tmp_path, TF1X_DATA=str(tmp_path)).splitlines()
    assert found[:2] == ["(3,) [[0.0, 1.0], [1.0, 0.0]]", "[[2, 3], [0, 4]]"]
    assert "pip install 'tf1x[keras]'" in found[2]


def test_import_keras_in_a_program(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import os\n"
        "os.environ['KERAS_BACKEND'] = 'tensorflow'\n"
        "from keras.models import Sequential\n"
        "from keras.layers.core import Dense\n"
        "from keras.utils import np_utils\n"
        "import tensorflow as tf\n"
        "from tensorflow.python.keras.layers import Dense as Same\n"
        "model = Sequential([Dense(output_dim=2, input_dim=3)])\n"
        "print(model.output_shape, Same is Dense, np_utils.to_categorical([1]).tolist())\n"
    )
    done = processes.tf1x("run", "program.py", cwd=tmp_path)
    assert done.stdout == "(None, 2) True [[0.0, 1.0]]\n", done.stderr
    assert "shim: keras is Keras 3" in done.stderr
