"""Covariance and correlation over many batches.

Two samples A and B are put together as one: their comoments (sums of products of deviations from
the mean) add up with (mean_A - mean_B) of either variable times n_A * n_B / (n_A + n_B).
"""

from __future__ import annotations

from typing import Any

from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.lib.metrics.common import Metric, matched, metric_variable, published
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variable_scope import variable_scope
from tf1x.lib.weights_broadcast import broadcast_weights
from tf1x.ops import array, array_select, elementary, math, reduce
from tf1x.ops.math_functions import div_no_nan, truediv


def streaming_covariance(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The unbiased covariance of all elements so far; NaN for fewer than two.

    Args:
        predictions, labels: float32 tensors of one shape.
        weights: how often each element counts: a scalar, or of the rank of `labels` with each
            dimension 1 or that of `labels`.
    """
    with variable_scope(name, "covariance", [predictions, labels, weights]):
        predictions, labels, weights = matched(predictions, labels, weights)
        count = metric_variable([], float32, name="count")
        x = _Mean("prediction", predictions)
        y = _Mean("label", labels)
        comoment = metric_variable([], float32, name="comoment")
        if weights is None:
            number = math.cast(array.size(labels), float32)
        else:
            weights = broadcast_weights(weights, labels)
            number = reduce.reduce_sum(weights)
        new_count = assign_add(count, number)
        x.add(weights, number, new_count)
        y.add(weights, number, new_count)
        products = (predictions - x.of_batch) * (labels - y.of_batch)
        of_batch = reduce.reduce_sum(products if weights is None else products * weights)
        between = (x.before - x.of_batch) * (y.before - y.of_batch)
        both = (new_count - number) * number / new_count
        new_comoment = assign_add(comoment, of_batch + between * both)
        value = _unbiased(comoment, count, "covariance")
        update = _unbiased(new_comoment, new_count, "update_op")
        return published(value, update, metrics_collections, updates_collections)


class _Mean:
    """The running mean of one variable.

    Attributes:
        of_batch: the mean of the batch.
        before: the mean of the batches before it.
    """

    def __init__(self, what: str, values: Tensor) -> None:
        self._what = what
        self._values = values
        self._mean = metric_variable([], float32, name=f"mean_{what}")

    def add(self, weights: Tensor | None, number: Tensor, new_count: Tensor) -> None:
        """Take the batch in: `number` elements, which make `new_count` with those before."""
        values = self._values if weights is None else math.Mul(self._values, weights)
        total = reduce.reduce_sum(values)
        self.of_batch = div_no_nan(total, number, name=f"batch_mean_{self._what}")
        change = div_no_nan(
            (self.of_batch - self._mean) * number, new_count, name=f"delta_mean_{self._what}"
        )
        self.before = assign_add(self._mean, change) - change


def _unbiased(comoment: Any, count: Any, name: str) -> Tensor:
    too_few = math.LessEqual(count, 1.0)
    return array_select.where(too_few, float("nan"), truediv(comoment, count - 1), name=name)


def streaming_pearson_correlation(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Pearson's correlation coefficient of all elements so far; arguments of `streaming_covariance`."""
    with variable_scope(name, "pearson_r", [predictions, labels, weights]):
        predictions, labels, weights = matched(predictions, labels, weights)
        if weights is not None:
            weights = broadcast_weights(weights, labels)
        both = streaming_covariance(predictions, labels, weights, name="covariance")
        of_predictions = streaming_covariance(
            predictions, predictions, weights, name="variance_predictions"
        )
        of_labels = streaming_covariance(labels, labels, weights, name="variance_labels")
        value, update = (
            truediv(
                both[i],
                math.Mul(elementary.Sqrt(of_predictions[i]), elementary.Sqrt(of_labels[i])),
                name=result,
            )
            for i, result in enumerate(("pearson_r", "update_op"))
        )
        return published(value, update, metrics_collections, updates_collections)
