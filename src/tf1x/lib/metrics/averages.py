"""Means over many batches: of values, of errors, of how often a prediction was right."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import float32
from tf1x.lib.metrics.common import Metric, matched, metric_variable, published
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variable_scope import variable_scope
from tf1x.lib.weights_broadcast import broadcast_weights
from tf1x.ops import array, array_select, elementary, math, reduce
from tf1x.ops.complex_math import absolute
from tf1x.ops.counting import remove_squeezable_dimensions
from tf1x.ops.math_functions import div_no_nan, divide


def _quotient(total: Any, count: Any, name: str) -> Any:
    return div_no_nan(total, math.Maximum(count, 0), name=name)


def _weighted(values: Any, weights: Any) -> tuple[Any, Any]:
    """The values times their weights, and the weights of all of them."""
    values, _, weights = matched(values, weights=weights)
    weights = broadcast_weights(math.cast(weights, float32), values)
    return math.Mul(values, weights), weights


def _running_mean(
    total: Any, count: Any, values: Any, value_sum: Any, number: Any,
    metrics_collections: Any, updates_collections: Any,
) -> Metric:  # fmt: skip
    new_total = assign_add(total, value_sum)
    with scopes.control_dependencies([values]):
        new_count = assign_add(count, number)
    value = _quotient(total, count, "value")
    update = _quotient(new_total, new_count, "update_op")
    return published(value, update, metrics_collections, updates_collections)


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of all values so far, each counting with its weight; 0 before the first.

    Args:
        values: numbers of any shape.
        weights: a scalar, or of the rank of `values` with each dimension 1 or that of `values`.

    Raises:
        ValueError: weights that do not fit.
    """
    with variable_scope(name, "mean", [values, weights]):
        values = math.cast(values, float32)
        total = metric_variable([], float32, name="total")
        count = metric_variable([], float32, name="count")
        if weights is None:
            number = math.cast(array.size(values), float32)
        else:
            values, weights = _weighted(values, weights)
            number = reduce.reduce_sum(weights)
        return _running_mean(
            total, count, values, reduce.reduce_sum(values), number,
            metrics_collections, updates_collections,
        )  # fmt: skip


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean over batches of each element of `values` by itself; the shape must be known.

    Args:
        weights: as in `mean`.
    """
    with variable_scope(name, "mean", [values, weights]):
        values = math.cast(values, float32)
        total = metric_variable(values.shape, float32, name="total_tensor")
        count = metric_variable(values.shape, float32, name="count_tensor")
        number = array.ones_like(values)
        if weights is not None:
            values, weights = _weighted(values, weights)
            number = math.Mul(number, weights)
        return _running_mean(
            total, count, values, values, number, metrics_collections, updates_collections
        )


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How often `predictions` equals `labels`.

    Args:
        weights: as in `mean`; one that is 0 leaves an element out.

    Raises:
        ValueError: shapes that do not fit.
    """
    predictions, labels, weights = matched(predictions, labels, weights)
    if labels.dtype != predictions.dtype:
        predictions = math.cast(predictions, labels.dtype)
    right = math.cast(math.Equal(predictions, labels), float32)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share, from 0 to 1, of the values that are less than `threshold`."""
    below = math.cast(math.Less(values, threshold), float32)
    name = name or "percentage_below_threshold"
    return mean(below, weights, metrics_collections, updates_collections, name)


# -- errors --------------------------------------------------------------------------------------


def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of |predictions - labels|."""
    predictions, labels, weights = matched(predictions, labels, weights)
    errors = absolute(predictions - labels)
    name = name or "mean_absolute_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of the squares of predictions - labels."""
    predictions, labels, weights = matched(predictions, labels, weights)
    squares = math.SquaredDifference(labels, predictions)
    name = name or "mean_squared_error"
    return mean(squares, weights, metrics_collections, updates_collections, name)


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The square root of the mean squared error."""
    predictions, labels, weights = matched(predictions, labels, weights)
    name = name or "root_mean_squared_error"
    value, update = mean_squared_error(labels, predictions, weights, name=name)
    value, update = elementary.Sqrt(value), elementary.Sqrt(update)
    return published(value, update, metrics_collections, updates_collections)


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean of |labels - predictions| / `normalizer`; 0 where that is 0.

    Args:
        normalizer: of the shape of `predictions`.
    """
    predictions, labels, weights = matched(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = array_select.where(
        math.Equal(normalizer, 0.0),
        array.zeros_like(labels),
        divide(absolute(labels - predictions), normalizer),
    )
    name = name or "mean_relative_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """1 - the mean cosine of the angles between vectors of length 1 along the dimension `dim`."""
    predictions, labels, weights = matched(predictions, labels, weights)
    products = math.Mul(predictions, labels)
    cosines = reduce.reduce_sum(products, [dim], True)
    value, update = mean(cosines, weights, name=name or "mean_cosine_distance")
    value, update = math.Sub(1.0, value), math.Sub(1.0, update)
    return published(value, update, metrics_collections, updates_collections)
