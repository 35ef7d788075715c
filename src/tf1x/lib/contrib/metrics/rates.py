"""False positive and false negative rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core.dtypes import bool_
from tf1x.core.operation import Tensor
from tf1x.lib.metrics import counts
from tf1x.lib.metrics.common import Metric, matched, published
from tf1x.lib.metrics.thresholds import confusion_at_thresholds
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array_select, math
from tf1x.ops.math_functions import div

_EPSILON = 1e-7


def _rate(word: str, wrong: Callable[..., Metric], right: Callable[..., Metric]) -> Any:
    def rate(
        predictions: Any,
        labels: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        def share(errors: Any, others: Any, name: str) -> Tensor:
            total = errors + others
            return array_select.where(math.Greater(total, 0), div(errors, total), 0, name)

        with variable_scope(name, f"{word}_rate", [predictions, labels, weights]):
            predictions, labels, weights = matched(
                math.cast(predictions, bool_), math.cast(labels, bool_), weights
            )
            errors, new_errors = wrong(labels, predictions, weights)
            others, new_others = right(labels, predictions, weights)
            value = share(errors, others, "value")
            update = share(new_errors, new_others, "update_op")
            return published(value, update, metrics_collections, updates_collections)

    rate.__name__ = rate.__qualname__ = f"streaming_{word}_rate"
    rate.__doc__ = f"""The {word.replace("_", " ")} rate; 0 before there is anything to count.

    Args:
        predictions, labels: of one shape; cast to bool.
        weights: a scalar, or of the rank of `labels` with each dimension 1 or that of `labels`.
    """
    return rate


streaming_false_positive_rate = _rate(
    "false_positive", counts.false_positives, counts.true_negatives
)
streaming_false_negative_rate = _rate(
    "false_negative", counts.false_negatives, counts.true_positives
)


def _rate_at_thresholds(word: str, short: str, wrong: str, right: str) -> Any:
    def rate(
        predictions: Any,
        labels: Any,
        thresholds: Sequence[float],
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        def share(found: dict[str, Any], name: str) -> Tensor:
            total = _EPSILON + found[wrong] + found[right]
            return div(found[wrong], total, name=f"{short}_{name}")

        default = f"{word}_rate_at_thresholds"
        with variable_scope(name, default, [predictions, labels, weights]):
            values, updates = confusion_at_thresholds(
                labels, predictions, thresholds, weights, (wrong, right)
            )
            value, update = share(values, "value"), share(updates, "update_op")
            return published(value, update, metrics_collections, updates_collections)

    rate.__name__ = rate.__qualname__ = f"streaming_{word}_rate_at_thresholds"
    rate.__doc__ = f"""The {word.replace("_", " ")} rate at each of `thresholds`.

    Args:
        predictions: probabilities in [0, 1]; above a threshold they count as positive.
        labels: cast to bool.
    """
    return rate


streaming_false_positive_rate_at_thresholds = _rate_at_thresholds(
    "false_positive", "fpr", "fp", "tn"
)
streaming_false_negative_rate_at_thresholds = _rate_at_thresholds(
    "false_negative", "fnr", "fn", "tp"
)
