"""The metrics of `tf.metrics` as `tf.contrib.metrics` had them: predictions before labels."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from tf1x.core.dtypes import float32
from tf1x.lib.metrics import averages, classes, counts, thresholds
from tf1x.lib.metrics.common import Metric
from tf1x.ops import math
from tf1x.ops.nn_functions import in_top_k


def predictions_first(name: str, metric: Callable[..., Metric]) -> Callable[..., Metric]:
    """`metric`, which takes (labels, predictions, ...), as a function of (predictions, labels, ...)."""

    def streaming(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> Metric:
        return metric(labels, predictions, *args, **kwargs)

    streaming.__name__ = streaming.__qualname__ = name
    streaming.__doc__ = f"`tf.metrics.{metric.__name__}` with predictions before labels."
    labels, predictions, *others = inspect.signature(metric).parameters.values()
    streaming.__signature__ = inspect.Signature([predictions, labels, *others])  # type: ignore[attr-defined]
    return streaming


streaming_mean = averages.mean
streaming_mean_tensor = averages.mean_tensor
streaming_percentage_less = averages.percentage_below


def _define_all() -> None:
    for module, names in (
        (averages, "accuracy mean_absolute_error mean_cosine_distance mean_relative_error "
                   "mean_squared_error root_mean_squared_error"),
        (classes, "mean_iou"),
        (counts, "false_negatives false_positives precision recall true_negatives true_positives"),
        (thresholds, "auc false_negatives_at_thresholds false_positives_at_thresholds "
                     "precision_at_thresholds recall_at_thresholds sensitivity_at_specificity "
                     "specificity_at_sensitivity true_negatives_at_thresholds true_positives_at_thresholds"),
    ):  # fmt: skip
        for name in names.split():
            own = f"streaming_{name}"
            globals()[own] = predictions_first(own, getattr(module, name))


_define_all()


def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """How often the label is among the `k` highest-scored classes.

    Args:
        predictions: float scores [batch, classes].
        labels: class numbers [batch].
    """
    found = math.cast(in_top_k(predictions, labels, k), float32)
    name = name or f"recall_at_{k}"
    return averages.mean(found, weights, metrics_collections, updates_collections, name)
