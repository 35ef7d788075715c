"""Canned estimators: names as TensorFlow 1.15 has them, values against NumPy, exported and served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf

fc = tf.feature_column

X = np.random.RandomState(0).rand(24, 3).astype(np.float32)
WORDS = np.array([["a", "b", "c"][i % 3] for i in range(24)], object)
Y = (X.sum(1) > 1.5).astype(np.int64) + (np.arange(24) % 3 == 0)
NUMBERS = fc.numeric_column("x", shape=3)
CODES = fc.categorical_column_with_vocabulary_list("word", ["a", "b", "c"])


def _input(y: Any = Y, epochs: int | None = None) -> Any:
    return tf.estimator.inputs.numpy_input_fn(
        {"x": X, "word": WORDS}, y, batch_size=8, num_epochs=epochs, shuffle=False
    )


def _trained(kind: str, steps: int = 2, y: Any = Y, **options: Any) -> Any:
    config = tf.estimator.RunConfig(tf_random_seed=1, save_summary_steps=0)
    estimator = getattr(tf.estimator, kind)(config=config, **options)
    estimator.train(_input(y), steps=steps)
    return estimator


def _dnn(estimator: Any, x: Any, layers: int = 1) -> Any:
    """The logits, from the checkpoint."""
    value = estimator.get_variable_value
    for i in range(layers):
        scope = f"dnn/hiddenlayer_{i}"
        x = np.maximum(x @ value(f"{scope}/kernel") + value(f"{scope}/bias"), 0)
    return x @ value("dnn/logits/kernel") + value("dnn/logits/bias")


def test_dnn_classifier(tmp_path: Path) -> None:
    estimator = _trained("DNNClassifier", hidden_units=[5], feature_columns=[NUMBERS], n_classes=3)
    assert estimator.get_variable_names() == [
        *(
            f"dnn/{layer}/{kind}{slot}"
            for layer in ("hiddenlayer_0", "logits")
            for kind in ("bias", "kernel")
            for slot in ("", "/t_0/Adagrad")
        ),
        "global_step",
    ]
    logits = _dnn(estimator, X)
    log = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    found = estimator.evaluate(_input(epochs=1))
    assert set(found) == {"accuracy", "average_loss", "loss", "global_step"}
    assert found["global_step"] == 2
    np.testing.assert_allclose(found["average_loss"], -log[range(24), Y].mean(), rtol=1e-4)
    np.testing.assert_allclose(found["loss"], -log[range(24), Y].sum() / 3, rtol=1e-4)
    np.testing.assert_allclose(found["accuracy"], (logits.argmax(1) == Y).mean())
    predictions = list(estimator.predict(_input(None, epochs=1)))
    np.testing.assert_allclose([p["logits"] for p in predictions], logits, rtol=1e-4, atol=1e-5)
    assert [p["class_ids"][0] for p in predictions] == logits.argmax(1).tolist()
    keys = "logits probabilities class_ids classes all_class_ids all_classes"
    assert set(predictions[0]) == set(keys.split())

    spec = fc.make_parse_example_spec([NUMBERS])
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(spec)
    path = estimator.export_savedmodel(str(tmp_path), receiver)
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.extend(X[0].tolist())
    for signature, outputs in (
        ("serving_default", {"classes", "scores"}),
        ("predict", set(keys.split())),
    ):
        predictor = tf.contrib.predictor.from_saved_model(
            path.decode() if isinstance(path, bytes) else path, signature_def_key=signature
        )
        (name,) = predictor.feed_tensors
        served = predictor({name: [example.SerializeToString()]})
        assert set(served) == outputs
        scores = served["scores" if signature == "serving_default" else "probabilities"]
        np.testing.assert_allclose(scores, np.exp(log[:1]), rtol=1e-4)


def test_dropout_batch_norm_and_a_vocabulary_of_labels() -> None:
    labels = np.array(["no", "yes"], object)[(Y > 0).astype(int)]
    estimator = _trained(
        "DNNClassifier", y=labels, hidden_units=[4], feature_columns=[fc.indicator_column(CODES)],
        label_vocabulary=["no", "yes"], dropout=0.5, batch_norm=True, optimizer="Adam",
    )  # fmt: skip
    names = estimator.get_variable_names()
    assert "dnn/hiddenlayer_0/batchnorm_0/moving_mean" in names
    assert estimator.get_variable_value("dnn/hiddenlayer_0/batchnorm_0/moving_mean").any()
    prediction = next(estimator.predict(_input(None, epochs=1)))
    assert prediction["classes"][0] in (b"no", b"yes")
    assert prediction["all_classes"].tolist() == [b"no", b"yes"]


def test_linear_regressor_step_by_step() -> None:
    """Gradient descent from zero, by hand."""
    y = X @ np.float32([1.0, -2.0, 0.5])
    estimator = _trained(
        "LinearRegressor", steps=1, y=y, feature_columns=[NUMBERS, CODES],
        optimizer=lambda: tf.train.GradientDescentOptimizer(0.01),
    )  # fmt: skip
    value = estimator.get_variable_value
    gradient = -2 * y[:8, None]
    np.testing.assert_allclose(
        value("linear/linear_model/x/weights"), -0.01 * X[:8].T @ gradient, rtol=1e-4
    )
    hot = np.stack([WORDS[:8] == word for word in "abc"], 1)
    np.testing.assert_allclose(
        value("linear/linear_model/word/weights"), -0.01 * hot.T @ gradient, rtol=1e-4
    )
    np.testing.assert_allclose(
        value("linear/linear_model/bias_weights"), -0.01 * gradient.sum(0), rtol=1e-4
    )
    found = estimator.evaluate(_input(y, epochs=1))
    assert set(found) == {
        "average_loss", "label/mean", "loss", "prediction/mean", "global_step"
    }  # fmt: skip


def test_wide_and_deep() -> None:
    embedding = fc.embedding_column(CODES, 2)
    estimator = _trained(
        "DNNLinearCombinedClassifier", linear_feature_columns=[CODES],
        dnn_feature_columns=[NUMBERS, embedding], dnn_hidden_units=[4], n_classes=3,
    )  # fmt: skip
    value = estimator.get_variable_value
    table = value("dnn/input_from_feature_columns/input_layer/word_embedding/embedding_weights")
    ids = [list("abc").index(word) for word in WORDS]
    deep = _dnn(estimator, np.hstack([table[ids], X]))
    wide = value("linear/linear_model/word/weights")[ids]
    logits = deep + wide + value("linear/linear_model/bias_weights")
    predictions = list(estimator.predict(_input(None, epochs=1)))
    np.testing.assert_allclose([p["logits"] for p in predictions], logits, rtol=1e-4, atol=1e-5)
    assert value("global_step") == 2


def test_baseline() -> None:
    estimator = _trained("BaselineRegressor", steps=60, y=Y.astype(np.float32), optimizer="Adam")
    (prediction,) = next(estimator.predict(_input(None, epochs=1)))["predictions"].tolist()
    assert abs(prediction - Y.mean()) < 0.2
    assert "baseline/bias" in estimator.get_variable_names()


def test_parse_example_specs() -> None:
    spec = tf.estimator.classifier_parse_example_spec([NUMBERS], "label", weight_column="w")
    assert sorted(spec) == ["label", "w", "x"]
    assert spec["label"] == tf.FixedLenFeature((1,), tf.int64, None)
    spec = tf.estimator.regressor_parse_example_spec([NUMBERS], "label", label_dimension=2)
    assert spec["label"] == tf.FixedLenFeature((2,), tf.float32, None)
    with pytest.raises(ValueError, match="label should not be used as feature"):
        tf.estimator.classifier_parse_example_spec([NUMBERS], "x")


ERRORS = {
    "optimizer": ({"optimizer": "Best"}, "Unsupported optimizer name"),
    "columns": ({"feature_columns": [CODES]}, "_DenseColumn"),
    "classes": ({"n_classes": 1}, "n_classes must be > 2"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    options, message = ERRORS[name]
    given: dict[str, Any] = {"hidden_units": [2], "feature_columns": [NUMBERS], **options}
    with pytest.raises(ValueError, match=message):
        tf.estimator.DNNClassifier(**given).train(_input(), steps=1)
    with pytest.raises(ValueError, match="must be defined"):
        tf.estimator.DNNLinearCombinedClassifier()
