"""Agreement of labels and predictions: accuracy, F1, Cohen's kappa; counts; lists of metrics."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import bool_, float32, float64, int64, string
from tf1x.core.operation import Tensor
from tf1x.lib.metrics.common import Metric, matched, metric_variable, published
from tf1x.lib.metrics.thresholds import confusion_at_thresholds, evenly_spaced
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variable_scope import variable_scope
from tf1x.lib.weights_broadcast import broadcast_weights
from tf1x.ops import array, math, reduce
from tf1x.ops.array_diag import DiagPart
from tf1x.ops.counting import confusion_matrix
from tf1x.ops.math_functions import div, div_no_nan


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Tensor:
    """How often predictions equal labels in this batch (nothing is kept); a float32 scalar.

    Args:
        predictions, labels: bools, integers or strings of one type and shape.
        weights: floats that broadcast to the labels.

    Raises:
        ValueError: another type.
    """
    predictions, labels = convert.to_tensor(predictions), convert.to_tensor(labels)
    if not (labels.dtype.is_integer or labels.dtype in (bool_, string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype!r}")
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(
            "Dtypes of predictions and labels should match. Given: predictions "
            f"({predictions.dtype!r}) and labels ({labels.dtype!r})"
        )
    with scopes.name_scope(name, "accuracy", [predictions, labels]):
        right = math.cast(math.Equal(predictions, labels), float32)
        if weights is None:
            return reduce.reduce_mean(right)
        right = math.Mul(right, weights)
        number = math.Mul(weights, array.ones_like(right))
        return div(reduce.reduce_sum(right), reduce.reduce_sum(number))


def f1_score(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The best F1 score (harmonic mean of precision and recall) at evenly spaced thresholds.

    Args:
        labels: cast to bool.
        predictions: probabilities in [0, 1].
    """
    epsilon = 1e-7

    def best(counts: dict[str, Any], name: str) -> Tensor:
        tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
        precision = div(tp, epsilon + tp + fp, name=f"precision_{name}")
        recall = div(tp, epsilon + tp + fn, name=f"recall_{name}")
        return reduce.reduce_max(2.0 * precision * recall / (precision + recall + epsilon))

    with variable_scope(name, "f1", [labels, predictions, weights]):
        values, updates = confusion_at_thresholds(
            labels, predictions, evenly_spaced(num_thresholds), weights, ("tp", "fp", "fn")
        )
        value, update = best(values, "value"), best(updates, "update_op")
        return published(value, update, metrics_collections, updates_collections)


def cohen_kappa(
    labels: Any,
    predictions_idx: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Cohen's kappa: by how much labels and predictions agree more than chance has it; 1 for always.

    Args:
        labels, predictions_idx: class numbers [batch] (or [batch, 1]).
        weights: of the shape of the labels.

    Raises:
        ValueError: fewer than 2 classes, or shapes that do not fit.
    """
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2. Found: {num_classes}")
    with variable_scope(name, "cohen_kappa", [labels, predictions_idx, weights]):
        labels = convert.to_tensor(labels)
        if labels.shape.with_rank_at_most(2).ndims == 2:
            labels = array.squeeze(labels, [-1])
        predictions, labels, weights = matched(predictions_idx, labels, weights)
        dtype = int64 if weights is None or weights.dtype.is_integer else float32
        totals = [
            metric_variable((num_classes,), dtype, name=part) for part in ("po", "pe_row", "pe_col")
        ]
        table = confusion_matrix(
            labels, predictions, num_classes, dtype, name="counts_in_table", weights=weights
        )
        parts = DiagPart(table), reduce.reduce_sum(table, 0), reduce.reduce_sum(table, 1)
        updates = [assign_add(total, part) for total, part in zip(totals, parts, strict=True)]
        value, update = _kappa(*totals, "value"), _kappa(*updates, "update_op")
        return published(value, update, metrics_collections, updates_collections)


def _kappa(agreed: Any, predicted: Any, wanted: Any, name: str) -> Tensor:
    agreed, predicted, wanted = (math.cast(x, float64) for x in (agreed, predicted, wanted))
    total = reduce.reduce_sum(predicted)
    by_chance = reduce.reduce_sum(div_no_nan(predicted * wanted, total))
    return div_no_nan(reduce.reduce_sum(agreed) - by_chance, total - by_chance, name=name)


def count(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The number of all values so far, or the sum of their weights."""
    with variable_scope(name, "count", [values, weights]):
        values = convert.to_tensor(values)
        total = metric_variable([], float32, name="count")
        if weights is None:
            number = math.cast(array.size(values), float32)
        else:
            values, _, weights = matched(values, weights=weights)
            weights = math.cast(weights, float32)
            number = reduce.reduce_sum(broadcast_weights(weights, math.cast(values, float32)))
        with scopes.control_dependencies([values]):
            update = assign_add(total, number)
        return published(total, update, metrics_collections, updates_collections)


def aggregate_metrics(*value_update_tuples: Metric) -> tuple[list[Any], list[Any]]:
    """A list of the values and a list of the updates of several metrics.

    Raises:
        ValueError: there are none.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(
    names_to_tuples: dict[str, Metric],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A dictionary of the values and one of the updates, from a dictionary of metrics."""
    values = {name: value for name, (value, _) in names_to_tuples.items()}
    return values, {name: update for name, (_, update) in names_to_tuples.items()}
