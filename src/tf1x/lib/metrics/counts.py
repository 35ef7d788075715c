"""True and false positives and negatives, precision and recall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import bool_, float32
from tf1x.core.operation import Tensor
from tf1x.lib.metrics.common import Metric, matched, metric_variable, published
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, array_select, checks, math, reduce
from tf1x.ops.array import Identity
from tf1x.ops.math_functions import divide


def _counted(
    happened: Tensor, weights: Any, metrics_collections: Any, updates_collections: Any
) -> Metric:
    """How often something happened, each time counting with its weight."""
    checks.assert_type(happened, bool_)
    count = metric_variable([], float32, name="count")
    values = math.cast(happened, float32)
    if weights is not None:
        with scopes.control_dependencies([checks.assert_rank_in(weights, (0, array.rank(values)))]):
            weights = math.cast(weights, float32)
            values = math.Mul(values, weights)
    value = Identity(count)
    update = assign_add(count, reduce.reduce_sum(values))
    return published(value, update, metrics_collections, updates_collections)


def _as_bools(predictions: Any, labels: Any, weights: Any) -> tuple[Tensor, Tensor, Tensor | None]:
    return matched(math.cast(predictions, bool_), math.cast(labels, bool_), weights)


def _counter(name: str, wanted: bool, predicted: bool) -> Callable[..., Metric]:
    """The metric that counts elements with this label and this prediction."""
    default = name

    def count(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default, [predictions, labels, weights]):
            predictions, labels, weights = _as_bools(predictions, labels, weights)
            happened = math.LogicalAnd(
                math.Equal(labels, wanted), math.Equal(predictions, predicted)
            )
            return _counted(happened, weights, metrics_collections, updates_collections)

    count.__name__ = count.__qualname__ = name
    count.__doc__ = f"""How often the label was {wanted} and the prediction {predicted}.

    Args:
        labels, predictions: of one shape; cast to bool.
        weights: a scalar, or of the rank of `labels` with each dimension 1 or that of `labels`.

    Raises:
        ValueError: shapes that do not fit.
    """
    return count


true_positives = _counter("true_positives", wanted=True, predicted=True)
false_positives = _counter("false_positives", wanted=False, predicted=True)
true_negatives = _counter("true_negatives", wanted=False, predicted=False)
false_negatives = _counter("false_negatives", wanted=True, predicted=False)


def _share(hits: Any, others: Any, name: str) -> Tensor:
    """hits / (hits + others), 0 where there are neither."""
    some = math.Greater(hits + others, 0)
    return array_select.where(some, divide(hits, hits + others), 0, name)


def _ratio(name: str, of_others: Callable[..., Metric], doc: str) -> Callable[..., Metric]:
    default = name

    def ratio(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default, [predictions, labels, weights]):
            predictions, labels, weights = _as_bools(predictions, labels, weights)
            hits, new_hits = true_positives(labels, predictions, weights)
            others, new_others = of_others(labels, predictions, weights)
            value = _share(hits, others, "value")
            update = _share(new_hits, new_others, "update_op")
            return published(value, update, metrics_collections, updates_collections)

    ratio.__name__ = ratio.__qualname__ = name
    ratio.__doc__ = f"""{doc} 0 where there are none.

    Args:
        labels, predictions: of one shape; cast to bool.
        weights: a scalar, or of the rank of `labels` with each dimension 1 or that of `labels`.

    Raises:
        ValueError: shapes that do not fit.
    """
    return ratio


precision = _ratio(
    "precision", false_positives, "The share of true ones among the elements predicted true."
)
recall = _ratio(
    "recall", false_negatives, "The share of those predicted true among the true elements."
)
