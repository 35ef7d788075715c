"""Measures of predicted probabilities at many thresholds; areas under curves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import bool_, float32, int32, int64
from tf1x.core.operation import Tensor
from tf1x.lib.metrics.common import Metric, matched, metric_variable, published
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variable_scope import variable_scope
from tf1x.lib.weights_broadcast import broadcast_weights
from tf1x.ops import array, array_moves, array_select, checks, elementary, math, reduce
from tf1x.ops.array import Identity
from tf1x.ops.math_functions import div_no_nan, divide

Counts = dict[str, Any]  # "tp", "fn", "tn", "fp" to counts, one a threshold
_LONG = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "tn": "true_negatives",
    "fp": "false_positives",
}
_SLACK = 1e-7  # how far the outer thresholds lie outside [0, 1], so that they part nothing


def confusion_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    includes: Sequence[str] = tuple(_LONG),
) -> tuple[Counts, Counts]:
    """The counts so far, and the ops that update them, for each of `thresholds`.

    Args:
        labels: cast to bool.
        predictions: probabilities; positive where above a threshold.
        includes: which counts to keep.

    Raises:
        InvalidArgumentError (when run): a prediction outside [0, 1].
    """
    message = "predictions must be in [0, 1]"
    in_range = [
        checks.assert_greater_equal(
            predictions, math.cast(0.0, predictions.dtype), message=message
        ),
        checks.assert_less_equal(predictions, math.cast(1.0, predictions.dtype), message=message),
    ]
    with scopes.control_dependencies(in_range):
        predictions, labels, weights = matched(
            math.cast(predictions, float32), math.cast(labels, bool_), weights
        )
    count = len(thresholds)
    column = array.Reshape(predictions, [-1, 1])
    row = array.Reshape(math.cast(labels, bool_), [1, -1])
    size = column.shape.as_list()[0]
    if size is None:
        size = array.shape(column)[0]
    limits = array_moves.Tile(
        array.expand_dims(array.constant(thresholds), [1]), array_moves.stack([1, size])
    )
    facts = {"p": math.Greater(array_moves.Tile(array_moves.transpose(column), [count, 1]), limits)}
    if "fn" in includes or "tn" in includes:
        facts["n"] = math.LogicalNot(facts["p"])
    is_true = array_moves.Tile(row, [count, 1])
    # A positive that is true, or a negative that is false, has a true label.
    truth = {"tp": is_true, "fn": is_true}
    if "fp" in includes or "tn" in includes:
        truth["fp"] = truth["tn"] = math.LogicalNot(is_true)
    if weights is not None:
        weights = broadcast_weights(math.cast(weights, float32), predictions)
        weights = array_moves.Tile(array.Reshape(weights, [1, -1]), [count, 1])
        limits.shape.assert_is_compatible_with(weights.shape)
    values: Counts = {}
    updates: Counts = {}
    for key in _LONG:
        if key in includes:
            values[key] = metric_variable([count], float32, name=_LONG[key])
            happened = math.cast(math.LogicalAnd(truth[key], facts[key[1]]), float32)
            if weights is not None:
                happened *= weights
            updates[key] = assign_add(values[key], reduce.reduce_sum(happened, 1))
    return values, updates


def evenly_spaced(number: int, last: float = 1.0 + _SLACK) -> list[float]:
    """Thresholds from just below 0 to just above 1, which part nothing."""
    inner = [(i + 1) * 1.0 / (number - 1) for i in range(number - 2)]
    return [0.0 - _SLACK, *inner, last]


# -- counts at thresholds ------------------------------------------------------------------------


def _counter(name: str, key: str, scope: str) -> Callable[..., Metric]:
    def count(
        labels: Any,
        predictions: Any,
        thresholds: Sequence[float],
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, scope, [predictions, labels, weights]):
            values, updates = confusion_at_thresholds(
                labels, predictions, thresholds, weights, (key,)
            )
            value = Identity(values[key])
            return published(value, updates[key], metrics_collections, updates_collections)

    count.__name__ = count.__qualname__ = name
    count.__doc__ = f"""The number of {scope.replace("_", " ")} at each of `thresholds`.

    Args:
        labels: cast to bool.
        predictions: probabilities in [0, 1]; above a threshold they count as positive.
        weights: a scalar, or of the rank of `labels` with each dimension 1 or that of `labels`.

    Returns:
        (value, update_op), both float32 of shape [len(thresholds)].
    """
    return count


true_positives_at_thresholds = _counter("true_positives_at_thresholds", "tp", "true_positives")
false_negatives_at_thresholds = _counter("false_negatives_at_thresholds", "fn", "false_negatives")
true_negatives_at_thresholds = _counter("true_negatives_at_thresholds", "tn", "true_negatives")
false_positives_at_thresholds = _counter("false_positives_at_thresholds", "fp", "false_positives")


def _ratio(name: str, other: str, doc: str) -> Callable[..., Metric]:
    default, word = name, name.partition("_")[0]

    def ratio(
        labels: Any,
        predictions: Any,
        thresholds: Sequence[float],
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default, [predictions, labels, weights]):
            values, updates = confusion_at_thresholds(
                labels, predictions, thresholds, weights, ("tp", other)
            )

            def share(counts: Counts, kind: str) -> Tensor:
                total = _SLACK + counts["tp"] + counts[other]
                return divide(counts["tp"], total, name=f"{word}_{kind}")

            value, update = share(values, "value"), share(updates, "update_op")
            return published(value, update, metrics_collections, updates_collections)

    ratio.__name__ = ratio.__qualname__ = name
    ratio.__doc__ = f"""{doc}, at each of `thresholds`; see `true_positives_at_thresholds`."""
    return ratio


precision_at_thresholds = _ratio(
    "precision_at_thresholds", "fp", "The share of true ones among the elements predicted true"
)
recall_at_thresholds = _ratio(
    "recall_at_thresholds", "fn", "The share of those predicted true among the true elements"
)


# -- the best at a constraint --------------------------------------------------------------------


def _at_limit(
    default: str, limit: float, thresholds: list[float], best: Callable[..., Tensor],
    labels: Any, predictions: Any, weights: Any,
    metrics_collections: Any, updates_collections: Any, name: str | None,
) -> Metric:  # fmt: skip
    if limit < 0 or limit > 1:
        argument = default.rpartition("_")[2]
        raise ValueError(f"`{argument}` must be in the range [0, 1]. It is {limit}.")
    with variable_scope(name, default, [predictions, labels, weights]):
        values, updates = confusion_at_thresholds(labels, predictions, thresholds, weights)
        value, update = best(values, limit, "value"), best(updates, limit, "update_op")
        return published(value, update, metrics_collections, updates_collections)


def _best_sensitivity(counts: Counts, specificity: float, name: str) -> Tensor:
    found = divide(counts["tn"], counts["tn"] + counts["fp"] + _SLACK)
    at = math.cast(reduce.argmin(math.Abs(found - specificity), 0), int32)
    return divide(counts["tp"][at], counts["tp"][at] + counts["fn"][at] + _SLACK, name)


def _best_specificity(counts: Counts, sensitivity: float, name: str) -> Tensor:
    found = divide(counts["tp"], counts["tp"] + counts["fn"] + _SLACK)
    nearest = reduce.reduce_min(math.Abs(found - sensitivity))
    # Of several thresholds that are as near, the last: there the running count is highest first.
    are_nearest = math.Equal(math.Abs(found - sensitivity), nearest)
    running = reduce.cumsum(math.cast(are_nearest, int64))
    at = math.cast(reduce.argmax(running, 0), int32)
    return divide(counts["tn"][at], counts["tn"][at] + counts["fp"][at] + _SLACK, name)


def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The sensitivity TP / (TP + FN) at the threshold whose specificity is nearest to the given one.

    Args:
        labels: cast to bool.
        predictions: probabilities in [0, 1].
        specificity: TN / (TN + FP), from 0 to 1.
        num_thresholds: how many thresholds to try.

    Raises:
        ValueError: a specificity outside [0, 1].
    """
    thresholds = evenly_spaced(num_thresholds)
    return _at_limit(
        "sensitivity_at_specificity", specificity, thresholds, _best_sensitivity,
        labels, predictions, weights, metrics_collections, updates_collections, name,
    )  # fmt: skip


def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The specificity TN / (TN + FP) at the threshold whose sensitivity is nearest to the given one.

    Args:
        labels: cast to bool.
        predictions: probabilities in [0, 1].
        sensitivity: TP / (TP + FN), from 0 to 1.
        num_thresholds: how many thresholds to try.

    Raises:
        ValueError: a sensitivity outside [0, 1].
    """
    thresholds = evenly_spaced(num_thresholds, last=1.0 - _SLACK)  # below 1, as in TensorFlow
    return _at_limit(
        "specificity_at_sensitivity", sensitivity, thresholds, _best_specificity,
        labels, predictions, weights, metrics_collections, updates_collections, name,
    )  # fmt: skip


# -- the area under a curve ----------------------------------------------------------------------

_EPSILON = 1e-6


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """The area under a curve, approximated from `num_thresholds` points.

    Args:
        labels: cast to bool.
        predictions: probabilities in [0, 1].
        weights: a scalar, or of the rank of `labels` with each dimension 1 or that of `labels`.
        curve: "ROC" (true over false positive rate) or "PR" (precision over recall).
        summation_method: "trapezoidal"; "careful_interpolation", which is the right one for "PR";
            "minoring" or "majoring" for the lower or upper sum.
        thresholds: given ones in place of evenly spaced ones; 0 and 1 are added.

    Raises:
        ValueError: an unknown curve or method.
    """
    if curve not in ("ROC", "PR"):
        raise ValueError(f"Curve must be either ROC or PR. Curve {curve} is unknown.")
    with variable_scope(name, "auc", [labels, predictions, weights]):
        if thresholds is not None:
            points = [0.0 - _SLACK, *sorted(thresholds), 1.0 + _SLACK]
        else:
            points = evenly_spaced(num_thresholds)
        values, updates = confusion_at_thresholds(labels, predictions, points, weights)
        value = _area(values, curve, summation_method, len(points), "value")
        update = _area(updates, curve, summation_method, len(points), "update_op")
        return published(value, update, metrics_collections, updates_collections)


def _area(counts: Counts, curve: str, method: str, number: int, name: str) -> Tensor:
    tp, fn, tn, fp = (counts[key] for key in _LONG)
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated_area(tp, fp, fn, number)
    if curve == "PR" and method == "trapezoidal":
        logging.getLogger("tensorflow").warning(
            "The trapezoidal rule overestimates the area under a precision-recall curve; "
            'summation_method="careful_interpolation" does not.'
        )
    recall = divide(tp + _EPSILON, tp + fn + _EPSILON)
    if curve == "ROC":
        x, y = divide(fp, fp + tn + _EPSILON), recall
    else:
        x, y = recall, divide(tp + _EPSILON, tp + fp + _EPSILON)
    width = x[: number - 1] - x[1:]
    if method in ("trapezoidal", "careful_interpolation"):
        height = (y[: number - 1] + y[1:]) / 2.0
    elif method == "minoring":
        height = math.Minimum(y[: number - 1], y[1:])
    elif method == "majoring":
        height = math.Maximum(y[: number - 1], y[1:])
    else:
        raise ValueError(
            f"Invalid summation_method: {method}; it should be 'trapezoidal', "
            "'careful_interpolation', 'minoring', or 'majoring'."
        )
    return reduce.reduce_sum(math.Mul(width, height), name=name)


def _interpolated_area(tp: Any, fp: Any, fn: Any, number: int) -> Tensor:
    """The area under the precision-recall curve, as Davis and Goadrich interpolate it (2006).

    Between two thresholds true positives are taken as a linear function of all positives; the
    integral of precision over recall has a closed form then.
    """
    gained = tp[: number - 1] - tp[1:]
    positives = tp + fp
    more = math.Maximum(positives[: number - 1] - positives[1:], 0)
    slope = div_no_nan(gained, more, name="prec_slope")
    intercept = tp[1:] - math.Mul(slope, positives[1:])
    both = math.LogicalAnd(positives[: number - 1] > 0, positives[1:] > 0)
    ratio = array_select.where(
        both,
        div_no_nan(
            positives[: number - 1], math.Maximum(positives[1:], 0), name="recall_relative_ratio"
        ),
        array.ones_like(positives[1:]),
    )
    return reduce.reduce_sum(
        div_no_nan(
            slope * (gained + intercept * elementary.Log(ratio)),
            math.Maximum(tp[1:] + fn[1:], 0),
            name="pr_auc_increment",
        ),
        name="interpolate_pr_auc",
    )
