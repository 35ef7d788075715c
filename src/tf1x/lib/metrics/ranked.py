"""Precision and recall of the k classes predicted with most certainty, where labels are sets.

Predictions are scores [..., classes] or class numbers [..., k]. Labels are sets of class numbers:
an int64 tensor [..., labels] (or [...] where each set has one), or a SparseTensor of such rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import float64, int64
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor, is_sparse
from tf1x.lib.metrics.common import Metric, metric_variable, published
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.weights_broadcast import assert_broadcastable, broadcast_weights
from tf1x.ops import array, array_moves, array_select, array_slicing, math, reduce
from tf1x.ops.control_flow import cond
from tf1x.ops.math_functions import add, div_no_nan, divide
from tf1x.ops.nn_functions import top_k
from tf1x.ops.sparse_functions import sparse_concat, sparse_reshape, sparse_retain
from tf1x.ops.sparse_sets import set_difference, set_intersection, set_size


def _at_k(name: str, k: int | None, class_id: int | None = None) -> str:
    name = f"{name}_at_k" if k is None else f"{name}_at_{k}"
    return name if class_id is None else f"{name}_class{class_id}"


def _expanded(labels: Any, predictions: Any) -> Any:
    """Labels of the rank of the predictions: where they have one less, each is a set of one.

    Raises:
        ValueError: they have another rank.
    """
    with scopes.name_scope(None, "expand_labels", [labels, predictions]) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        rank = predictions.shape.ndims
        if is_sparse(labels):
            own = labels.dense_shape.shape.as_list()[0]
            shape = labels.dense_shape
            if own is not None and rank is not None:
                if rank != own + 1:
                    return labels
                longer = array_moves.concat([shape, [1]], 0)
            else:
                missing = math.Equal(array.rank(predictions), array.size(shape) + 1)
                longer = cond(missing, lambda: array_moves.concat([shape, [1]], 0), lambda: shape)
            return sparse_reshape(labels, longer, name=scope)
        own = labels.shape.ndims
        if own is not None and rank is not None:
            if rank == own:
                return labels
            if rank == own + 1:
                return array.expand_dims(labels, -1, name=scope)
            raise ValueError(
                f"Unexpected labels shape {labels.shape} for predictions shape {predictions.shape}. "
                "Predictions rank should be the same rank as labels rank or labels rank plus one."
            )
        missing = math.Equal(array.rank(predictions), array.rank(labels) + 1)
        return cond(missing, lambda: array.expand_dims(labels, -1, name=scope), lambda: labels)


# -- counts of one batch -------------------------------------------------------------------------


def _only(ids: Any, class_id: int) -> Any:
    """The sets with nothing but `class_id` kept."""
    ids = convert_to_tensor_or_sparse_tensor(ids)
    if is_sparse(ids):
        return sparse_retain(ids, math.Equal(ids.values, class_id))
    shape = array.shape(ids, out_type=int64)
    last = array.size(shape) - 1
    one_each = array_moves.concat([array_slicing.slice_(shape, [0], [last]), [1]], 0)
    wanted = array.Fill(one_each, math.cast(class_id, int64))
    found = set_intersection(wanted, ids)
    return SparseTensor(found.indices, found.values, shape)


def _hits(labels: Any, predictions: Any) -> Any:
    return set_intersection(predictions, labels)


def _misses(labels: Any, predictions: Any) -> Any:
    return set_difference(predictions, labels, aminusb=False)


def _false_alarms(labels: Any, predictions: Any) -> Any:
    return set_difference(predictions, labels, aminusb=True)


def _sizes(
    name: str | None, default: str, sets: Callable[[Any, Any], Any],
    labels: Any, predictions: Any, class_id: int | None = None, weights: Any = None,
) -> Tensor:  # fmt: skip
    """How many members the sets of each example have, times its weight; float64."""
    with scopes.name_scope(name, default, [predictions, labels, weights]):
        if class_id is not None:
            labels, predictions = _only(labels, class_id), _only(predictions, class_id)
        count: Tensor = math.cast(set_size(sets(labels, predictions)), float64)
        if weights is not None:
            with scopes.control_dependencies([assert_broadcastable(weights, count)]):
                count = math.Mul(count, math.cast(weights, float64))
        return count


_PLURAL = {"true_positive": _hits, "false_negative": _misses, "false_positive": _false_alarms}


def _counted(
    kind: str, labels: Any, predictions: Any, k: int | None, class_id: int | None, weights: Any
) -> Metric:
    """A variable with the counts of a kind so far, and the op that adds those of a batch."""
    name = _at_k(kind, k, class_id)
    with scopes.name_scope(None, name, [predictions, labels, weights]) as scope:
        sizes = _sizes(None, f"{kind}s", _PLURAL[kind], labels, predictions, class_id, weights)
        total = math.cast(reduce.reduce_sum(sizes), float64)
        variable = metric_variable([], float64, name=scope)
        return variable, assign_add(variable, total, name="update")


# -- precision and recall ------------------------------------------------------------------------


def _share_at_top_k(
    word: str, other: str, labels: Any, predictions_idx: Any, k: int | None, class_id: int | None,
    weights: Any, metrics_collections: Any, updates_collections: Any, name: str | None,
) -> Metric:  # fmt: skip
    """True positives as a share of them and another count."""
    values = [predictions_idx, labels, weights]
    with scopes.name_scope(name, _at_k(word, k, class_id), values) as scope:
        labels = _expanded(labels, predictions_idx)
        top = math.cast(predictions_idx, int64)
        hits, new_hits = _counted("true_positive", labels, top, k, class_id, weights)
        others, new_others = _counted(other, labels, top, k, class_id, weights)
        value = divide(hits, add(hits, others), name=scope)
        update = divide(new_hits, add(new_hits, new_others), name="update")
        return published(value, update, metrics_collections, updates_collections)


def precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the predicted classes that are among the labels; see `precision_at_k`.

    Args:
        predictions_idx: the predicted class numbers [..., k].
        k: for the name only.
    """
    return _share_at_top_k(
        "precision", "false_positive", labels, predictions_idx, k, class_id, weights,
        metrics_collections, updates_collections, name,
    )  # fmt: skip


def recall_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the labels that are among the predicted classes; see `recall_at_k`.

    Args:
        predictions_idx: the predicted class numbers [..., k].
        k: for the name only.
    """
    return _share_at_top_k(
        "recall", "false_negative", labels, predictions_idx, k, class_id, weights,
        metrics_collections, updates_collections, name,
    )  # fmt: skip


def precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the `k` highest-scored classes that are among the labels, over all examples.

    Args:
        labels: int64 class numbers, dense or sparse; see the module.
        predictions: float scores [..., classes].
        class_id: counts this class only.
        weights: a scalar, or of the rank of the examples with each dimension 1 or theirs.

    Returns:
        (value, update_op), float64 scalars; NaN while nothing was predicted.
    """
    values = [predictions, labels, weights]
    with scopes.name_scope(name, _at_k("precision", k, class_id), values) as scope:
        _, top = top_k(predictions, k)
        return precision_at_top_k(
            labels, top, k, class_id, weights, metrics_collections, updates_collections, scope
        )


def recall_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The share of the labels that are among the `k` highest-scored classes, over all examples.

    Arguments and results as those of `precision_at_k`.
    """
    values = [predictions, labels, weights]
    with scopes.name_scope(name, _at_k("recall", k, class_id), values) as scope:
        _, top = top_k(predictions, k)
        return recall_at_top_k(
            labels, top, k, class_id, weights, metrics_collections, updates_collections, scope
        )


sparse_precision_at_k = precision_at_k


# -- average precision ---------------------------------------------------------------------------


def _for_each_k(labels: Any, k: int) -> Any:
    """The sets repeated `k` times along a new dimension before the last."""
    with scopes.name_scope("labels_per_k", "expand_and_tile", [labels]) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if is_sparse(labels):
            shape = labels.dense_shape
            before = array.Reshape(array.size(shape) - 1, [1])
            outer = array_slicing.slice_(shape, [0], before)
            inner = array_slicing.slice_(shape, before, [-1])
            longer = array_moves.concat([outer, [1], inner], 0, name="expanded_shape")
            expanded = sparse_reshape(labels, longer, name="expand")
            return expanded if k == 1 else sparse_concat(-2, [expanded] * k, name=scope)
        expanded = array.expand_dims(labels, -2, name="expand")
        if k == 1:
            return expanded
        ones = array.ones_like(array.shape(labels))
        multiples = array_moves.concat([ones[:-1], [k], ones[-1:]], 0, name="multiples")
        return array_moves.Tile(expanded, multiples, name=scope)


def _relevant(labels: Any, k: int) -> Tensor:
    """How many of `k` predictions may be right: at most as many as there are labels."""
    with scopes.name_scope(None, "num_relevant", [labels]) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if is_sparse(labels):
            number = set_size(labels)
        else:
            valid = math.GreaterEqual(labels, 0)
            each = array_select.where_v2(valid, array.ones_like(labels), array.zeros_like(labels))
            number = reduce.reduce_sum(each, -1)
        limited: Tensor = math.Minimum(number, k, name=scope)
        return limited


def _average_precision(labels: Any, predictions_idx: Any) -> Tensor:
    """Of each example: the mean precision at the places of its right predictions."""
    with scopes.name_scope(None, "average_precision", [predictions_idx, labels]) as scope:
        top = math.cast(predictions_idx, int64, name="predictions_idx")
        if top.shape.ndims == 0:
            raise ValueError("The rank of `predictions_idx` must be at least 1.")
        k = top.shape.as_list()[-1]
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set.")
        labels = _expanded(labels, top)
        top_per_k = array.expand_dims(top, -1, name="predictions_idx_per_k")
        labels_per_k = _for_each_k(labels, k)
        right = _sizes("relevant_per_k", "", _hits, labels_per_k, top_per_k)
        hits = reduce.cumsum(right, axis=-1, name="tp_per_k")
        retrieved = reduce.cumsum(array.ones_like(right), axis=-1, name="retrieved_per_k")
        precision = divide(hits, retrieved, name="precision_per_k")
        of_right = math.Mul(precision, right, name="relevant_precision_per_k")
        total = reduce.reduce_sum(of_right, (-1,), name="precision_sum")
        return divide(total, math.cast(_relevant(labels, k), float64), name=scope)


def _without_unknown_classes(labels: Any, classes: Tensor) -> Any:
    """Class numbers that no prediction can have, as -1."""
    labels = convert_to_tensor_or_sparse_tensor(labels)
    values = labels.values if is_sparse(labels) else labels

    def known() -> Tensor:
        none = -1 * array.ones_like(values)
        return array_select.where_v2(math.GreaterEqual(values, classes), none, values)

    some_unknown = math.GreaterEqual(reduce.reduce_max(values), classes)
    values = cond(some_unknown, known, lambda: values)
    return labels.with_values(values) if is_sparse(labels) else values


def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """The mean average precision of the `k` highest-scored classes.

    An example's average precision is the mean, over its labels (at most `k`), of the precision
    at the place where each was predicted.

    Args:
        labels: int64 class numbers, dense or sparse; see the module.
        predictions: float scores [..., classes].
        weights: a scalar, or of the rank of the examples with each dimension 1 or theirs.

    Raises:
        ValueError: `k` is less than 1.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}. `k` should be >= 1.")
    values = [predictions, labels, weights]
    with scopes.name_scope(name, _at_k("average_precision", k), values) as scope:
        _, top = top_k(predictions, k)
        classes = math.cast(array.shape(predictions)[-1], int64)
        labels = _without_unknown_classes(labels, classes)
        return mean_average_precision(
            labels, top, weights, metrics_collections, updates_collections, scope
        )


sparse_average_precision_at_k = average_precision_at_k


def mean_average_precision(
    labels: Any,
    predictions_idx: Any,
    weights: Any,
    metrics_collections: Any,
    updates_collections: Any,
    name: str | None,
) -> Metric:
    """`average_precision_at_k` of given classes [..., k], best first."""
    values = [predictions_idx, labels, weights]
    with scopes.name_scope(name, "average_precision_at_top_k", values) as scope:
        precision = _average_precision(labels, predictions_idx)
        if weights is not None:
            weights = broadcast_weights(math.cast(weights, float64), precision)
            precision = math.Mul(precision, weights)
        with scopes.name_scope(None, "max", [precision]) as of_max:
            most = metric_variable([], float64, name=of_max)
            if weights is None:
                batch_max = math.cast(array.size(precision, name="batch_max"), float64)
            else:
                batch_max = reduce.reduce_sum(weights, name="batch_max")
            new_most = assign_add(most, batch_max, name="update")
        with scopes.name_scope(None, "total", [precision]) as of_total:
            total = metric_variable([], float64, name=of_total)
            batch_total = reduce.reduce_sum(precision, name="batch_total")
            new_total = assign_add(total, batch_total, name="update")
        value = div_no_nan(total, most, name="mean")
        update = div_no_nan(new_total, new_most, name=scope)
        return published(value, update, metrics_collections, updates_collections)
