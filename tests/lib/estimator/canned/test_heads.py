"""Heads: losses, metrics and predictions against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf

MODES = tf.estimator.ModeKeys


def _spec(head: Any, logits: Any, labels: Any, mode: Any, features: Any = None) -> Any:
    tf.train.get_or_create_global_step()
    features = {k: tf.constant(v) for k, v in (features or {"x": np.zeros([2, 1])}).items()}
    optimizer = tf.train.GradientDescentOptimizer(1.0) if mode == MODES.TRAIN else None
    return head.create_estimator_spec(
        features=features, mode=mode, logits=logits, labels=labels, optimizer=optimizer
    )


def _evaluated(head: Any, logits: Any, labels: Any, features: Any = None) -> dict[str, Any]:
    """The loss and the metrics of one batch."""
    with tf.Graph().as_default(), tf.Session() as session:
        spec = _spec(head, tf.constant(logits, tf.float32), labels(), MODES.EVAL, features)
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        session.run(tf.tables_initializer())
        session.run([update for _, update in spec.eval_metric_ops.values()])
        values = {key: value for key, (value, _) in spec.eval_metric_ops.items()}
        return {**session.run(values), "loss": session.run(spec.loss)}


def _predicted(head: Any, logits: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    with tf.Graph().as_default(), tf.Session() as session:
        spec = _spec(head, tf.constant(logits, tf.float32), None, MODES.PREDICT)
        session.run(tf.tables_initializer())
        kinds = {key: type(value).__name__ for key, value in spec.export_outputs.items()}
        return session.run(spec.predictions), kinds


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x)))


LOGITS = np.float32([[1.0], [-2.0], [0.5], [-0.5]])
LABELS = np.int64([1, 0, 0, 1])
WEIGHTS = np.float32([2.0, 1.0, 0.5, 4.0])
LOSSES = -np.log(np.where(LABELS[:, None] == 1, _sigmoid(LOGITS), 1 - _sigmoid(LOGITS)))[:, 0]


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_metrics(weighted: bool) -> None:
    column = "w" if weighted else None
    head = tf.contrib.estimator.binary_classification_head(
        column, thresholds=[0.3], loss_reduction=tf.losses.Reduction.SUM
    )
    found = _evaluated(head, LOGITS, lambda: tf.constant(LABELS), {"w": WEIGHTS})
    weights = WEIGHTS if weighted else np.ones(4)
    mean = {
        "loss": (LOSSES * weights).sum(),
        "average_loss": np.average(LOSSES, weights=weights),
        "accuracy": np.average([1, 1, 0, 0], weights=weights),
        "precision": np.average([1, 0], weights=weights[[0, 2]]),
        "recall": np.average([1, 0], weights=weights[[0, 3]]),
        "prediction/mean": np.average(_sigmoid(LOGITS)[:, 0], weights=weights),
        "label/mean": np.average(LABELS, weights=weights),
        "accuracy/positive_threshold_0.3": np.average([1, 1, 0, 1], weights=weights),
        "recall/positive_threshold_0.3": 1.0,
    }
    mean["accuracy_baseline"] = max(mean["label/mean"], 1 - mean["label/mean"])
    for key, value in mean.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, err_msg=key)
    assert {"auc", "auc_precision_recall", "precision/positive_threshold_0.3"} < set(found)


def test_binary_predictions() -> None:
    found, kinds = _predicted(tf.contrib.estimator.binary_classification_head(), LOGITS)
    np.testing.assert_allclose(found["logistic"], _sigmoid(LOGITS), rtol=1e-6)
    np.testing.assert_allclose(
        found["probabilities"], np.hstack([1 - _sigmoid(LOGITS), _sigmoid(LOGITS)]), rtol=1e-5
    )
    assert found["class_ids"].tolist() == [[1], [0], [1], [0]]
    assert found["classes"].tolist() == [[b"1"], [b"0"], [b"1"], [b"0"]]
    assert found["all_class_ids"].tolist() == [[0, 1]] * 4
    assert kinds == {
        "serving_default": "ClassificationOutput",
        "classification": "ClassificationOutput",
        "regression": "RegressionOutput",
        "predict": "PredictOutput",
    }


MANY = np.float32([[1.0, 2.0, 0.0], [3.0, 0.0, -1.0]])


def test_multi_class_with_a_vocabulary() -> None:
    head = tf.contrib.estimator.multi_class_head(3, label_vocabulary=["x", "y", "z"])
    found = _evaluated(head, MANY, lambda: tf.constant([["z"], ["x"]]))
    log = MANY - np.log(np.exp(MANY).sum(1, keepdims=True))
    expected = -(log[0, 2] + log[1, 0]) / 2
    np.testing.assert_allclose(found["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(found["average_loss"], expected, rtol=1e-5)
    assert found["accuracy"] == 0.5
    predictions, kinds = _predicted(head, MANY)
    assert predictions["classes"].tolist() == [[b"y"], [b"x"]]
    np.testing.assert_allclose(predictions["probabilities"], np.exp(log), rtol=1e-5)
    assert list(kinds) == ["serving_default", "classification", "predict"]


@pytest.mark.parametrize("sparse", [False, True])
def test_multi_label(sparse: bool) -> None:
    head = tf.contrib.estimator.multi_label_head(
        3, label_vocabulary=["a", "b", "c"], classes_for_class_based_metrics=["b"]
    )
    indicator = np.int64([[1, 0, 1], [0, 1, 0]])

    def labels() -> Any:
        if not sparse:
            return tf.constant(indicator)
        return tf.SparseTensor([[0, 0], [0, 1], [1, 0]], ["c", "a", "b"], [2, 2])

    found = _evaluated(head, MANY, labels)
    probabilities = _sigmoid(MANY)
    losses = -np.log(np.where(indicator == 1, probabilities, 1 - probabilities)).mean(1)
    np.testing.assert_allclose(found["loss"], losses.mean(), rtol=1e-5)
    np.testing.assert_allclose(found["probability_mean/b"], probabilities[:, 1].mean(), rtol=1e-5)
    predictions, _ = _predicted(head, MANY)
    np.testing.assert_allclose(predictions["probabilities"], probabilities, rtol=1e-5)
    assert predictions["classes"].tolist() == [[b"a", b"b", b"c"]] * 2


def test_regression() -> None:
    head = tf.contrib.estimator.regression_head("w", label_dimension=2, name="mine")
    logits, labels = np.float32([[1, 2], [3, 4]]), np.float32([[0, 2], [5, 1]])
    weights = np.float32([[1], [3]])
    found = _evaluated(head, logits, lambda: tf.constant(labels), {"w": weights})
    squares, wide = (logits - labels) ** 2, np.broadcast_to(weights, (2, 2))
    np.testing.assert_allclose(found["loss"], (squares * wide).sum() / 4, rtol=1e-6)
    for key, value in (
        ("average_loss", squares),
        ("prediction/mean", logits),
        ("label/mean", labels),
    ):
        expected = np.average(value, weights=wide)
        np.testing.assert_allclose(found[f"{key}/mine"], expected, rtol=1e-6)


def test_poisson_and_logistic_regression() -> None:
    logits, labels = np.float32([[0.5], [-1.0]]), np.float32([[2.0], [1.0]])
    head = tf.contrib.estimator.poisson_regression_head(compute_full_loss=False)
    found = _evaluated(head, logits, lambda: tf.constant(labels))
    np.testing.assert_allclose(found["loss"], (np.exp(logits) - labels * logits).mean(), rtol=1e-5)
    np.testing.assert_allclose(found["prediction/mean"], np.exp(logits).mean(), rtol=1e-5)
    head = tf.contrib.estimator.logistic_regression_head()
    found = _evaluated(head, LOGITS, lambda: tf.constant(LABELS.astype(np.float32)))
    np.testing.assert_allclose(found["loss"], LOSSES.mean(), rtol=1e-5)


def test_own_loss() -> None:
    def loss_fn(labels: Any, logits: Any, features: Any) -> Any:
        return tf.abs(tf.cast(labels, tf.float32) - logits) * features["scale"]

    head = tf.contrib.estimator.regression_head(loss_fn=loss_fn)
    found = _evaluated(
        head, LOGITS, lambda: tf.constant(LABELS), {"scale": np.float32([[1], [2], [3], [4]])}
    )
    expected = (np.abs(LABELS - LOGITS[:, 0]) * [1, 2, 3, 4]).mean()
    np.testing.assert_allclose(found["loss"], expected, rtol=1e-6)


def test_training_minimises_and_reports() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        weights = tf.get_variable("w", [1, 1], initializer=tf.zeros_initializer())
        logits = tf.matmul(tf.constant([[1.0], [2.0]]), weights)
        labels = tf.constant([1.0, 3.0])
        head = tf.estimator.RegressionHead(loss_reduction=tf.losses.Reduction.SUM)
        spec = _spec(head, logits, labels, MODES.TRAIN)
        session.run(tf.global_variables_initializer())
        _, loss = session.run([spec.train_op, spec.loss])
        assert loss == 10.0
        np.testing.assert_allclose(session.run(weights), [[2 * (1 + 6)]])
        assert session.run(tf.train.get_global_step()) == 1
        tags = [s.op.name for s in tf.get_collection(tf.GraphKeys.SUMMARIES)]
        assert tags == ["loss", "average_loss"]


ERRORS = {
    "label range": (lambda: _evaluated(_multi(), MANY, lambda: tf.constant([3, 0])), "n_classes"),
    "label type": (lambda: _evaluated(_multi(), MANY, lambda: tf.constant([0.5, 0])), "integer"),
    "label shape": (
        lambda: _evaluated(_multi(), MANY, lambda: tf.constant([[0, 1], [1, 0]])),
        "Mismatched label shape",
    ),
    "no labels": (lambda: _evaluated(_multi(), MANY, lambda: None), "must provide a labels"),
    "logits": (lambda: _predicted(_multi(), LOGITS), "logits shape"),
    "classes": (lambda: tf.contrib.estimator.multi_class_head(2), "n_classes must be > 2"),
    "reduction": (
        lambda: tf.contrib.estimator.regression_head(loss_reduction="none"),
        "Invalid loss_reduction",
    ),
    "loss_fn": (
        lambda: tf.contrib.estimator.regression_head(loss_fn=lambda labels: labels),
        "must contain argument: logits",
    ),
    "threshold": (
        lambda: tf.contrib.estimator.binary_classification_head(thresholds=[1.5]),
        "not in",
    ),
}  # fmt: skip


def _multi() -> Any:
    return tf.contrib.estimator.multi_class_head(3)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    call, message = ERRORS[name]
    kinds = (ValueError, tf.errors.InvalidArgumentError)
    with pytest.raises(kinds, match=message):
        call()
