"""The metrics of the k best classes, predictions before labels."""

from __future__ import annotations

from typing import Any

from tf1x.lib.contrib.metrics.streaming import predictions_first
from tf1x.lib.metrics import ranked
from tf1x.lib.metrics.common import Metric

streaming_sparse_recall_at_k = predictions_first("streaming_sparse_recall_at_k", ranked.recall_at_k)
streaming_sparse_precision_at_k = predictions_first(
    "streaming_sparse_precision_at_k", ranked.precision_at_k
)
streaming_sparse_average_precision_at_k = predictions_first(
    "streaming_sparse_average_precision_at_k", ranked.average_precision_at_k
)


def streaming_sparse_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """`tf.metrics.precision_at_top_k` with predictions first."""
    return ranked.precision_at_top_k(
        labels, top_k_predictions, None, class_id, weights,
        metrics_collections, updates_collections, name,
    )  # fmt: skip


def sparse_recall_at_top_k(
    labels: Any,
    top_k_predictions: Any,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """`tf.metrics.recall_at_top_k`; labels first, as there."""
    return ranked.recall_at_top_k(
        labels, top_k_predictions, None, class_id, weights,
        metrics_collections, updates_collections, name,
    )  # fmt: skip


def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean average precision of given classes [..., k], best first."""
    return ranked.mean_average_precision(
        labels, top_k_predictions, weights, metrics_collections, updates_collections, name
    )
