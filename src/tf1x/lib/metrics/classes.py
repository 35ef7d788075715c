"""Measures of each class by itself, averaged over the classes."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import float32, float64, int64
from tf1x.core.operation import Tensor
from tf1x.lib.metrics.common import Metric, metric_variable, published
from tf1x.lib.variable_functions import assign_add, scatter_add
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, array_select, math, reduce
from tf1x.ops.array_diag import DiagPart
from tf1x.ops.counting import confusion_matrix
from tf1x.ops.math_functions import div_no_nan, divide


def _flat(x: Any) -> Tensor:
    x = convert.to_tensor(x)
    return x if x.shape.ndims in (0, 1) else array.Reshape(x, [-1])


def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of right predictions among the examples of each class, averaged over the classes.

    Args:
        labels, predictions: class numbers, of one shape.
        weights: of the shape of `labels`.

    Returns:
        (value, update_op): the mean, a scalar; the share of each class, [num_classes].
    """
    with variable_scope(name, "mean_accuracy", [predictions, labels, weights]):
        labels = _flat(math.cast(labels, int64))
        predictions = _flat(predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
        total = metric_variable([num_classes], float32, name="total")
        count = metric_variable([num_classes], float32, name="count")
        ones = array.ones([array.size(labels)], float32)
        if labels.dtype != predictions.dtype:
            predictions = math.cast(predictions, labels.dtype)
        right = math.cast(math.Equal(predictions, labels), float32)
        if weights is not None:
            weights = math.cast(_flat(weights), float32)
            right *= weights
            ones *= weights
        new_total = scatter_add(total, labels, ones)
        new_count = scatter_add(count, labels, right)
        shares = div_no_nan(count, math.Maximum(total, 0))
        value = reduce.reduce_mean(shares, name="mean_accuracy")
        update = div_no_nan(new_count, math.Maximum(new_total, 0), name="update_op")
        return published(value, update, metrics_collections, updates_collections)


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Intersection over union of each class, averaged over the classes that occur.

    For a class: how often it was predicted rightly, over how often it was wanted or predicted.

    Args:
        labels, predictions: class numbers, of one shape.
        weights: of the shape of `labels`.

    Returns:
        (value, update_op): the mean, a scalar; the confusion matrix, [num_classes, num_classes].
    """
    with variable_scope(name, "mean_iou", [predictions, labels, weights]):
        predictions, labels = convert.to_tensor(predictions), convert.to_tensor(labels)
        predictions.shape.assert_is_compatible_with(labels.shape)
        matrix, update = streaming_confusion_matrix(labels, predictions, num_classes, weights)
        predicted = math.cast(reduce.reduce_sum(matrix, 0), float32)
        wanted = math.cast(reduce.reduce_sum(matrix, 1), float32)
        right = math.cast(DiagPart(matrix), float32)
        union = predicted + wanted - right
        occurring = reduce.reduce_sum(math.cast(math.NotEqual(union, 0), float32))
        union = array_select.where(math.Greater(union, 0), union, array.ones_like(union))
        shares = divide(right, union)
        some = math.Greater(occurring, 0)
        average = reduce.reduce_sum(shares, name="mean_iou") / occurring
        value = array_select.where(some, average, 0)
        return published(value, update, metrics_collections, updates_collections)


def streaming_confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any, weights: Any = None
) -> Metric:
    """The confusion matrix of all batches so far: labels in rows, predictions in columns."""
    total = metric_variable([num_classes, num_classes], float64, name="total_confusion_matrix")
    predictions, labels = math.cast(predictions, int64), math.cast(labels, int64)
    size = math.cast(num_classes, int64)
    predictions, labels = _flat(predictions), _flat(labels)
    weights = None if weights is None else _flat(weights)
    current = confusion_matrix(labels, predictions, size, dtype=float64, weights=weights)
    return total, assign_add(total, current)
