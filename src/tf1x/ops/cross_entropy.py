"""Losses on logits: the softmax, sigmoid and Poisson families of `tf.nn`."""

from __future__ import annotations

import math as numbers
from typing import Any

from tf1x.api import export, renamed
from tf1x.core import convert, release, scopes
from tf1x.core.dtypes import bfloat16, float16, float32
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_moves, array_select, array_slicing, checks, elementary, math, nn


def _check_keywords(function: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(
            f"Only call `{function}` with named arguments (labels=..., logits=..., ...)"
        )
    if labels is None or logits is None:
        raise ValueError(f"Both labels and logits must be provided for {function}.")


def _logits_and_labels(logits: Any, labels: Any) -> tuple[Tensor, Tensor]:
    logits = convert.to_tensor(logits, name="logits")
    labels = convert.to_tensor(labels, name="labels")
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            f"logits and labels must have the same shape ({logits.shape} vs {labels.shape})"
        )
    return logits, labels


# -- softmax -------------------------------------------------------------------------------------


@export("nn.softmax_cross_entropy_with_logits_v2")
@renamed(dim="axis")
def softmax_cross_entropy_with_logits_v2(
    labels: Any = None, logits: Any = None, axis: int | None = None, name: str | None = None
) -> Tensor:
    """Cross entropy of softmax(logits) with `labels`, a distribution for each row.

    Gradients flow to both.

    Args:
        labels, logits: of one shape; half precision is computed in float32.
        axis: the dimension of the classes, by default the last.

    Returns:
        The losses, of the shape of `logits` without `axis`.
    """
    _check_keywords("softmax_cross_entropy_with_logits_v2", None, labels, logits)
    axis = -1 if axis is None else axis
    with scopes.name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        logits = convert.to_tensor(logits, name="logits")
        labels = convert.to_tensor(labels, name="labels")
        half = logits.dtype.base_dtype in (float16, bfloat16)
        precise = math.cast(logits, float32) if half else logits
        labels = math.cast(labels, precise.dtype)
        rank = array.rank(precise)
        static = logits.shape
        if axis != -1:
            precise, labels = (_class_axis_last(x, axis, rank) for x in (precise, labels))
        shape = array.shape(precise)
        precise, labels = _as_rows(precise), _as_rows(labels)
        cost = nn.SoftmaxCrossEntropyWithLogits(precise, labels, name=scope)[0]
        batch = array_slicing.slice_(shape, [0], [math.Sub(rank, 1)])
        cost = array.Reshape(cost, batch)
        if static.ndims is not None:
            sizes = static.as_list()
            del sizes[axis]
            cost.set_shape(sizes)
        return math.cast(cost, logits.dtype) if half else cost


def _class_axis_last(x: Tensor, axis: int, rank: Tensor) -> Tensor:
    before, after = array.range_(axis), array.range_(axis + 1, rank)
    return array_moves.transpose(x, array_moves.concat([before, after, [axis]], 0))


def _as_rows(x: Tensor) -> Tensor:
    """All dimensions but the last made one."""
    rank = array.rank(x)
    last = array_slicing.slice_(array.shape(x), [math.Sub(rank, 1)], [1])
    rows = array.Reshape(x, array_moves.concat([[-1], last], 0))
    if x.shape.ndims is not None and x.shape[:-1].is_fully_defined():
        rows.set_shape([x.shape[:-1].num_elements(), x.shape[-1]])
    return rows


@export("nn.softmax_cross_entropy_with_logits")
@renamed(axis="dim", targets="labels")
def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: int = -1,
    name: str | None = None,
) -> Tensor:
    """Cross entropy of softmax(logits) with `labels`, which get no gradient.

    Args:
        labels, logits: of one shape, given by keyword.
        dim: the dimension of the classes.

    Raises:
        ValueError: positional arguments, or one of `labels` and `logits` is missing.
    """
    _check_keywords("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with scopes.name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        labels = array.StopGradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, axis=dim, name=scope)


@export("nn.sparse_softmax_cross_entropy_with_logits")
@renamed(targets="labels")
def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """Cross entropy of softmax(logits) with class numbers.

    Args:
        labels: int32 or int64 class numbers, of shape [d0, ..., dn]; given by keyword.
        logits: of shape [d0, ..., dn, classes].

    Returns:
        The losses, of the shape of `labels`.

    Raises:
        ValueError: positional arguments, one missing, or shapes that do not fit.
        InvalidArgumentError (when run): a label is not a class number; shapes do not fit (since
            TensorFlow 1.13: with an older `TF1X_RELEASE` only the number of labels must).
    """
    _check_keywords("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with scopes.name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = convert.to_tensor(labels)
        logits = convert.to_tensor(logits)
        half = logits.dtype.base_dtype == float16
        precise = math.cast(logits, float32) if half else logits
        static, shape = labels.shape, array.shape(labels)
        known = _check_ranks(labels, logits)
        if logits.shape.ndims == 2:
            cost = nn.SparseSoftmaxCrossEntropyWithLogits(precise, labels, name=name)[0]
            return math.cast(cost, float16) if half else cost
        tests = []
        if not known and not release.before("1.13"):
            tests = [checks.assert_equal(array.shape(labels), array.shape(logits)[:-1])]
        with scopes.control_dependencies(tests):
            classes = array.shape(logits)[array.rank(logits) - 1]
            precise = array.Reshape(precise, [-1, classes])
            labels = array.Reshape(labels, [-1])
            cost = nn.SparseSoftmaxCrossEntropyWithLogits(precise, labels, name=name)[0]
            cost = array.Reshape(cost, shape)
            cost.set_shape(static)
            return math.cast(cost, float16) if half else cost


def _check_ranks(labels: Tensor, logits: Tensor) -> bool:
    """Whether both shapes are known as far as they must agree.

    Raises:
        ValueError: they do not agree.
    """
    if logits.shape.ndims is None:
        return False
    if logits.shape.ndims == 0:
        raise ValueError(f"Logits cannot be scalars - received shape {logits.shape}.")
    if labels.shape.ndims is not None and labels.shape.ndims != logits.shape.ndims - 1:
        raise ValueError(
            "Rank mismatch: Rank of labels (received "
            f"{labels.shape.ndims}) should equal rank of logits minus 1 (received {logits.shape.ndims})."
        )
    known = labels.shape.is_fully_defined() and logits.shape[:-1].is_fully_defined()
    if known and labels.shape != logits.shape[:-1]:
        raise ValueError(
            "Shape mismatch: The shape of labels (received "
            f"{labels.shape}) should equal the shape of logits except for the last dimension (received {logits.shape})."
        )
    return known


# -- sigmoid -------------------------------------------------------------------------------------


@export("nn.sigmoid_cross_entropy_with_logits")
@renamed(targets="labels")
def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """Cross entropy of sigmoid(logits) with `labels`, element-wise.

    Args:
        labels, logits: floats of one shape, given by keyword (`targets` is an old name of `labels`).

    Raises:
        ValueError: positional arguments, one missing, or different shapes.
    """
    _check_keywords("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with scopes.name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits, labels = _logits_and_labels(logits, labels)
        zeros = array.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        rectified = array_select.where(positive, logits, zeros)
        negative = array_select.where(positive, -logits, logits)
        return math.AddV2(
            rectified - logits * labels, elementary.Log1p(elementary.Exp(negative)), name=scope
        )


@export("nn.weighted_cross_entropy_with_logits")
@renamed(targets="labels")
def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None
) -> Tensor:
    """`sigmoid_cross_entropy_with_logits` whose positive part counts `pos_weight` times.

    Raises:
        ValueError: `labels` (`targets` is the old name) and `logits` of different shapes.
    """
    with scopes.name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits, labels = _logits_and_labels(logits, labels)
        weight = 1 + (pos_weight - 1) * labels
        negative = (1 - labels) * logits
        softplus = elementary.Log1p(elementary.Exp(-math.Abs(logits))) + nn.Relu(-logits)
        return math.AddV2(negative, weight * softplus, name=scope)


# -- Poisson -------------------------------------------------------------------------------------


@export("nn.log_poisson_loss")
def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """exp(c) - z * c for the logarithm of a rate c = `log_input` and counts z = `targets`.

    Args:
        compute_full_loss: add Stirling's approximation of log(z!), which does not depend on c.

    Raises:
        ValueError: different shapes.
    """
    with scopes.name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert.to_tensor(log_input, name="log_input")
        targets = convert.to_tensor(targets, name="targets")
        if not targets.shape.is_compatible_with(log_input.shape):
            raise ValueError(
                f"log_input and targets must have the same shape ({log_input.shape} vs {targets.shape})"
            )
        result = elementary.Exp(log_input) - log_input * targets
        if compute_full_loss:
            half = convert.constant(0.5, targets.dtype)
            two_pi = convert.constant(2 * numbers.pi, targets.dtype)
            stirling = (
                targets * elementary.Log(targets)
                - targets
                + half * elementary.Log(two_pi * targets)
            )
            zeros = array.zeros_like(targets, dtype=targets.dtype)
            ones = array.ones_like(targets, dtype=targets.dtype)
            small = math.LogicalAnd(targets >= zeros, targets <= ones)
            result += array_select.where(small, zeros, stirling)
        return result
