"""The ready-made models of contrib.learn: names, values against NumPy, and the old call forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf

learn = tf.contrib.learn
X = np.random.RandomState(0).rand(24, 3).astype(np.float32)
Y = ((X.sum(1) > 1.5).astype(np.int64) + (np.arange(24) % 3 == 0)).astype(np.int64)
COLUMNS = learn.infer_real_valued_columns_from_input(X)


def _config() -> Any:
    return learn.RunConfig(tf_random_seed=1, save_summary_steps=0)


def _input() -> Any:
    return {"": tf.constant(X)}, tf.constant(Y)


def test_dnn_classifier_on_arrays() -> None:
    model = learn.DNNClassifier(
        feature_columns=COLUMNS, hidden_units=[5], n_classes=3, config=_config()
    )
    model.fit(X, Y, batch_size=8, steps=3)
    names = model.get_variable_names()
    for layer in ("hiddenlayer_0", "logits"):
        assert f"dnn/{layer}/weights" in names
        assert f"dnn/{layer}/biases" in names
    value = model.get_variable_value
    hidden = X @ value("dnn/hiddenlayer_0/weights") + value("dnn/hiddenlayer_0/biases")
    logits = np.maximum(hidden, 0) @ value("dnn/logits/weights") + value("dnn/logits/biases")
    log = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    classes = logits.argmax(1)

    assert list(model.predict(X)) == classes.tolist()
    np.testing.assert_array_equal(model.predict_classes(X, as_iterable=False), classes)
    np.testing.assert_allclose(list(model.predict_proba(X)), np.exp(log), rtol=1e-4)
    (first, *_) = model.predict(X, outputs=["classes", "logits"])
    assert set(first) == {"classes", "logits"}
    found = model.evaluate(X, Y)
    assert set(found) == {"accuracy", "loss", "global_step"}
    np.testing.assert_allclose(found["accuracy"], (classes == Y).mean())
    np.testing.assert_allclose(found["loss"], -log[range(24), Y].mean(), rtol=1e-4)

    compatible = learn.SKCompat(model)
    predicted = compatible.predict(X)
    np.testing.assert_array_equal(predicted["classes"], classes)
    np.testing.assert_allclose(predicted["probabilities"], np.exp(log), rtol=1e-4)
    compatible.fit(X, Y, batch_size=8, steps=2)
    assert model.get_variable_value("global_step") == 5


def test_two_classes_with_names_and_weights() -> None:
    def input_fn() -> Any:
        features = {"x": tf.constant(X), "w": tf.constant(np.ones([24, 1], np.float32))}
        return features, tf.constant(np.array(["no", "yes"], object)[(Y > 0).astype(int)])

    model = learn.LinearClassifier(
        feature_columns=[tf.contrib.layers.real_valued_column("x", dimension=3)],
        weight_column_name="w", label_keys=["no", "yes"], config=_config(),
    )  # fmt: skip
    model.fit(input_fn=input_fn, steps=2)
    assert {"linear/x/weight", "linear/bias_weight"} < set(model.get_variable_names())
    found = model.evaluate(input_fn=input_fn, steps=1)
    assert set(found) == {
        "accuracy", "accuracy/baseline_label_mean", "accuracy/threshold_0.500000_mean", "auc",
        "auc_precision_recall", "global_step", "labels/actual_label_mean",
        "labels/prediction_mean", "loss", "precision/positive_threshold_0.500000_mean",
        "recall/positive_threshold_0.500000_mean",
    }  # fmt: skip
    np.testing.assert_allclose(found["labels/actual_label_mean"], (Y > 0).mean(), rtol=1e-5)
    logits = X @ model.get_variable_value("linear/x/weight")[:, 0]
    logits = logits + model.get_variable_value("linear/bias_weight")
    predictions = list(model.predict(input_fn=input_fn))
    assert predictions == [[b"no", b"yes"][int(logit > 0)] for logit in logits]


def test_regressors() -> None:
    y = X @ np.float32([1.0, -2.0, 0.5])
    model = learn.LinearRegressor(
        feature_columns=COLUMNS, config=_config(),
        optimizer=lambda: tf.train.GradientDescentOptimizer(0.1),
    )  # fmt: skip
    model.fit(X, y, batch_size=24, steps=1)
    weights = model.get_variable_value("linear//weight")
    np.testing.assert_allclose(weights[:, 0], 0.1 * 2 * (X.T @ y) / 24, rtol=1e-4)
    bias = model.get_variable_value("linear/bias_weight")
    expected = X @ weights[:, 0] + bias
    np.testing.assert_allclose(list(model.predict(X)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        model.predict_scores(X, as_iterable=False), expected, rtol=1e-4, atol=1e-5
    )
    found = model.evaluate(X, y)
    np.testing.assert_allclose(found["loss"], ((expected - y) ** 2).mean(), rtol=1e-4)


def test_wide_and_deep_with_new_columns_and_engineered_features() -> None:
    def engineered(features: Any, labels: Any) -> Any:
        return {"x": features[""] * 2.0}, labels

    columns = [tf.feature_column.numeric_column("x", shape=3)]
    model = learn.DNNLinearCombinedClassifier(
        linear_feature_columns=columns, dnn_feature_columns=columns, dnn_hidden_units=[4],
        n_classes=3, config=_config(), feature_engineering_fn=engineered,
        fix_global_step_increment_bug=True,
    )  # fmt: skip
    model.fit(input_fn=_input, steps=2)
    assert model.get_variable_value("global_step") == 2
    names = model.get_variable_names()
    assert {"dnn/hiddenlayer_0/weights", "linear/linear_model/x/weights"} < set(names)


ERRORS: dict[str, tuple[Any, Any, str]] = {
    "one class": (
        lambda: learn.DNNClassifier([2], COLUMNS, n_classes=1), ValueError, "n_classes must be > 1"
    ),
    "no columns": (
        lambda: learn.DNNLinearCombinedClassifier(), ValueError, "must be defined"
    ),
    "centered bias": (
        lambda: learn.DNNClassifier([2], COLUMNS, enable_centered_bias=True),
        tf.errors.UnimplementedError, "centered bias",
    ),
    "mixed columns": (
        lambda: learn.DNNClassifier(
            [2], [*COLUMNS, tf.feature_column.numeric_column("x")], config=_config()
        ).fit(input_fn=_input, steps=1),
        ValueError, "do not mix",
    ),
    "not fitted": (
        lambda: next(iter(learn.DNNClassifier([2], COLUMNS).predict(X))),
        ValueError, "find trained model",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    call, kind, message = ERRORS[name]
    with pytest.raises(kind, match=message):
        call()
