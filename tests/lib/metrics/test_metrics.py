"""tf.metrics of elements: graphs, variables and values over batches against TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.metrics.running import Batch, assert_same
from tests.oracle import tf1

_RANDOM = np.random.RandomState(3)


def _batches(make: Any, weights: Any = None) -> list[Batch]:
    """Three batches of labels, predictions and, unless None, weights."""
    found = []
    for _ in range(3):
        labels, predictions = make()
        found.append({"labels": labels, "predictions": predictions})
        if weights is not None:
            found[-1]["weights"] = weights(*labels.shape)
    return found


def _classes() -> tuple[Any, Any]:
    return _RANDOM.randint(0, 3, 8), _RANDOM.randint(0, 3, 8)


def _flags() -> tuple[Any, Any]:
    return _RANDOM.randint(0, 2, (4, 3)), _RANDOM.randint(0, 2, (4, 3))


def _probabilities() -> tuple[Any, Any]:
    return _RANDOM.rand(4, 3) > 0.4, _RANDOM.rand(4, 3).astype(np.float32)


def _numbers() -> tuple[Any, Any]:
    return _RANDOM.randn(4, 3).astype(np.float32), _RANDOM.randn(4, 3).astype(np.float32)


def _full_weights(*shape: int) -> Any:
    return (_RANDOM.randint(0, 3, shape) / 2).astype(np.float32)


def _row_weights(*shape: int) -> Any:
    return _full_weights(*shape[:-1], 1)


COLLECTIONS = {"metrics_collections": "values", "updates_collections": ["updates"]}
THRESHOLDS = [0.2, 0.5, 0.9]


def _call(function: str, **options: Any) -> Any:
    def metric(tf: Any, given: Any) -> Any:
        build = getattr(tf.metrics, function)
        return build(**given, **options, **COLLECTIONS)

    return metric


# Each with the data it takes: (metric, batch maker).
METRICS: dict[str, tuple[Any, Any]] = {
    "accuracy": (_call("accuracy"), _classes),
    "accuracy_named": (_call("accuracy", name="mine"), _classes),
    "mean_absolute_error": (_call("mean_absolute_error"), _numbers),
    "mean_squared_error": (_call("mean_squared_error"), _numbers),
    "root_mean_squared_error": (_call("root_mean_squared_error"), _numbers),
    "mean_relative_error": (
        lambda tf, given: tf.metrics.mean_relative_error(
            **given, normalizer=tf.maximum(given["labels"], 0.0), **COLLECTIONS
        ),
        _numbers,
    ),
    "mean_iou": (_call("mean_iou", num_classes=4), _classes),
    "mean_iou_matrix": (_call("mean_iou", num_classes=2), _flags),
    "mean_per_class_accuracy": (_call("mean_per_class_accuracy", num_classes=4), _classes),
    "true_positives": (_call("true_positives"), _flags),
    "false_positives": (_call("false_positives"), _flags),
    "true_negatives": (_call("true_negatives"), _flags),
    "false_negatives": (_call("false_negatives", name="fn"), _flags),
    "precision": (_call("precision"), _flags),
    "recall": (_call("recall"), _flags),
    "true_positives_at": (_call("true_positives_at_thresholds", thresholds=THRESHOLDS), _probabilities),
    "false_positives_at": (_call("false_positives_at_thresholds", thresholds=THRESHOLDS), _probabilities),
    "true_negatives_at": (_call("true_negatives_at_thresholds", thresholds=THRESHOLDS), _probabilities),
    "false_negatives_at": (_call("false_negatives_at_thresholds", thresholds=THRESHOLDS), _probabilities),
    "precision_at": (_call("precision_at_thresholds", thresholds=THRESHOLDS), _probabilities),
    "recall_at": (_call("recall_at_thresholds", thresholds=THRESHOLDS), _probabilities),
    "auc": (_call("auc"), _probabilities),
    "auc_pr": (_call("auc", curve="PR", num_thresholds=20), _probabilities),
    "auc_pr_careful": (
        _call("auc", curve="PR", summation_method="careful_interpolation"),
        _probabilities,
    ),
    "auc_careful": (_call("auc", summation_method="careful_interpolation"), _probabilities),
    "auc_minoring": (_call("auc", summation_method="minoring"), _probabilities),
    "auc_majoring": (_call("auc", curve="PR", summation_method="majoring"), _probabilities),
    "auc_at": (_call("auc", thresholds=[0.7, 0.3]), _probabilities),
    "sensitivity": (
        _call("sensitivity_at_specificity", specificity=0.6, num_thresholds=30),
        _probabilities,
    ),
    "specificity": (
        _call("specificity_at_sensitivity", sensitivity=0.6, num_thresholds=30),
        _probabilities,
    ),
}  # fmt: skip
# Weights of these stand beside classes, one a prediction.
FULL_ONLY = ("mean_iou_matrix", "mean_per_class_accuracy")


@pytest.mark.parametrize("name", METRICS)
def test_without_weights(name: str) -> None:
    metric, make = METRICS[name]
    assert_same(metric, _batches(make))


@pytest.mark.parametrize("name", METRICS)
def test_with_weights(name: str) -> None:
    metric, make = METRICS[name]
    assert_same(metric, _batches(make, _full_weights))


@pytest.mark.parametrize(
    "name", [n for n, (_, make) in METRICS.items() if make is not _classes and n not in FULL_ONLY]
)
def test_with_a_weight_for_each_row(name: str) -> None:
    metric, make = METRICS[name]
    assert_same(metric, _batches(make, _row_weights))


@pytest.mark.parametrize("name", METRICS)
def test_unknown_shapes(name: str) -> None:
    metric, make = METRICS[name]
    assert_same(metric, _batches(make), nodes=False, known=False)


@pytest.mark.parametrize("name", ["accuracy", "precision", "auc", "mean_squared_error"])
def test_weights_of_unknown_shape(name: str) -> None:
    metric, make = METRICS[name]
    weights = _full_weights if make is _classes else _row_weights
    assert_same(metric, _batches(make, weights), nodes=False, known=False)


def _values(weights: Any = None) -> list[Batch]:
    found: list[Batch] = []
    for _ in range(2):
        found.append({"values": _RANDOM.randn(3, 2).astype(np.float32)})
        if weights is not None:
            found[-1]["weights"] = weights(3, 2)
    return found


OF_VALUES: dict[str, Any] = {
    "mean": _call("mean"),
    "mean_named": _call("mean", name="loss"),
    "mean_tensor": _call("mean_tensor"),
    "percentage_below": _call("percentage_below", threshold=0.1),
}


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize(
    "weights", [None, _full_weights, _row_weights], ids=["none", "full", "rows"]
)
def test_of_values(name: str, weights: Any) -> None:
    assert_same(OF_VALUES[name], _values(weights))


def test_scalar_weights_and_other_types() -> None:
    def metric(tf: Any, given: Any) -> Any:
        return tf.metrics.mean(given["values"], 2, **COLLECTIONS)

    assert_same(metric, [{"values": np.arange(4)}, {"values": np.arange(4, 8)}])


def _unit_vectors() -> tuple[Any, Any]:
    pair = [_RANDOM.randn(4, 3) for _ in range(2)]
    labels, predictions = ((v / np.linalg.norm(v, axis=1, keepdims=True)) for v in pair)
    return labels.astype(np.float32), predictions.astype(np.float32)


@pytest.mark.parametrize("weights", [None, _row_weights], ids=["none", "rows"])
def test_cosine_distance(weights: Any) -> None:
    assert_same(_call("mean_cosine_distance", dim=1), _batches(_unit_vectors, weights), rtol=1e-4)


def test_ranks_that_differ_by_one() -> None:
    def make() -> tuple[Any, Any]:
        labels, predictions = _classes()
        return labels[:, None], predictions

    assert_same(_call("accuracy"), _batches(make))

    def with_weights(tf: Any, given: Any) -> Any:
        return tf.metrics.accuracy(given["labels"], given["predictions"], given["labels"])

    assert_same(with_weights, _batches(make))


def test_two_metrics_of_one_name() -> None:
    def metric(tf: Any, given: Any) -> Any:
        tf.metrics.accuracy(**given)
        with tf.variable_scope("eval"):
            tf.metrics.recall(**given)
        return tf.metrics.accuracy(**given, **COLLECTIONS)

    assert_same(metric, _batches(_flags))


WRONG: dict[str, Any] = {
    "shapes": lambda tf: tf.metrics.accuracy([1, 2], [1, 2, 3]),
    "curve": lambda tf: tf.metrics.auc([True], [0.5], curve="DET"),
    "method": lambda tf: tf.metrics.auc(
        tf.constant([True]), tf.constant([0.5]), summation_method="none"
    ),
    "specificity": lambda tf: tf.metrics.sensitivity_at_specificity([True], [0.5], 2.0),
    "weights": lambda tf: tf.metrics.mean([[1.0, 2.0]], [1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("name", WRONG)
def test_misuse_raises_value_error(name: str) -> None:
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), pytest.raises(ValueError, match=r"."):
            WRONG[name](tf)


def test_predictions_out_of_range() -> None:
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), tf.Session() as session:
            predictions = tf.placeholder(tf.float32, [2])
            _, update = tf.metrics.auc([True, False], predictions)
            session.run(tf.local_variables_initializer())
            with pytest.raises(tf.errors.InvalidArgumentError, match="must be in"):
                session.run(update, {predictions: [0.5, 1.5]})
