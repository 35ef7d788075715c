"""The losses of `tf.losses`.

Each takes what is wanted first, then what the model says; computes a loss for each element; and
gives it to `compute_weighted_loss`, which see for `weights`, `loss_collection` and `reduction`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.api import renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.losses.collect import add_loss
from tf1x.lib.losses.weighted import Reduction, compute_weighted_loss, num_present
from tf1x.lib.weights_broadcast import assert_broadcastable
from tf1x.ops import array, array_select, cross_entropy, elementary, math, nn, reduce
from tf1x.ops.control_flow import cond
from tf1x.ops.counting import remove_squeezable_dimensions
from tf1x.ops.math_functions import add, div_no_nan

_DEFAULT = Reduction.SUM_BY_NONZERO_WEIGHTS


def _required(**given: Any) -> None:
    for name, value in given.items():
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")


def _same_shape(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Both as float32.

    Raises:
        ValueError: their shapes differ.
    """
    predictions, labels = math.cast(predictions, float32), math.cast(labels, float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


def _elementwise(
    default: str, measure: Callable[[Tensor, Tensor], Tensor], predictions: Any, labels: Any,
    weights: Any, scope: str | None, loss_collection: str | None, reduction: str,
) -> Tensor:  # fmt: skip
    """A loss that `measure(predictions, labels)` computes for each element."""
    with scopes.name_scope(scope, default, [predictions, labels, weights]) as scope:
        losses = measure(*_same_shape(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


# -- distances -----------------------------------------------------------------------------------


def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """|predictions - labels|.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """
    _required(labels=labels, predictions=predictions)
    return _elementwise(
        "absolute_difference", lambda p, y: math.Abs(math.Sub(p, y)),
        predictions, labels, weights, scope, loss_collection, reduction,
    )  # fmt: skip


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """(predictions - labels) squared.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """
    _required(labels=labels, predictions=predictions)
    return _elementwise(
        "mean_squared_error", math.SquaredDifference,
        predictions, labels, weights, scope, loss_collection, reduction,
    )  # fmt: skip


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: float = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Half the squared error up to an error of `delta`, and linear from there on.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """

    def measure(predictions: Tensor, labels: Tensor) -> Tensor:
        distance = math.Abs(math.Sub(predictions, labels))
        quadratic = math.Minimum(distance, delta)
        linear = math.Sub(distance, quadratic)
        half = convert.to_tensor(0.5, quadratic.dtype)
        squares = math.Mul(half, math.Mul(quadratic, quadratic))
        return add(squares, math.Mul(delta, linear))

    _required(labels=labels, predictions=predictions)
    return _elementwise(
        "huber_loss", measure, predictions, labels, weights, scope, loss_collection, reduction
    )


@renamed(dim="axis")
def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """1 - the cosine of the angle between vectors of length 1 along `axis` (`dim` is its old name).

    Raises:
        ValueError: no axis, shapes that do not fit, or None for a tensor.
    """
    if axis is None:
        raise ValueError("You must specify argument `axis`.")
    _required(labels=labels, predictions=predictions)
    return _elementwise(
        "cosine_distance_loss", lambda p, y: 1 - reduce.reduce_sum(math.Mul(p, y), (axis,), True),
        predictions, labels, weights, scope, loss_collection, reduction,
    )  # fmt: skip


def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
) -> Tensor:
    """The squared differences between pairs of an example's errors, averaged over the pairs.

    It measures how the elements of an example relate to each other, not their level.

    Args:
        weights: a scalar, or a tensor of shape [batch, 1, ...] that broadcasts to `labels`.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """
    _required(labels=labels, predictions=predictions)
    default = "mean_pairwise_squared_error"
    with scopes.name_scope(scope, default, [predictions, labels, weights]):
        weights, labels = math.cast(weights, float32), math.cast(labels, float32)
        with scopes.control_dependencies([assert_broadcastable(weights, labels)]):
            predictions, labels = _same_shape(predictions, labels)
            errors = math.Sub(predictions, labels)
            axis = array.range_(1, array.rank(errors))
            squares = reduce.reduce_sum(elementary.Square(errors), axis, True)
            count = num_present(errors, weights, per_batch=True)
            of_squares = 2.0 * div_no_nan(squares, math.Maximum(count - 1, 0), name="value")
            total = elementary.Square(reduce.reduce_sum(errors, axis, True))
            pairs = math.Maximum(math.Mul(count, count - 1), 0)
            of_totals = 2.0 * div_no_nan(total, pairs, name="value")
            loss = reduce.reduce_sum(math.Mul(of_squares - of_totals, weights))
            loss = array_select.where(
                reduce.reduce_sum(count) > 0, loss, array.zeros_like(loss), name="value"
            )
            add_loss(loss, loss_collection)
            return loss


# -- classification ------------------------------------------------------------------------------


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """max(0, 1 - y * logits) for labels 0 and 1, which count as y = -1 and 1.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """

    def measure(logits: Tensor, labels: Tensor) -> Tensor:
        ones = array.ones_like(labels)
        signs = math.Sub(2 * labels, ones)
        losses: Tensor = nn.Relu(math.Sub(ones, math.Mul(signs, logits)))
        return losses

    _required(labels=labels, logits=logits)
    return _elementwise(
        "hinge_loss", measure, logits, labels, weights, scope, loss_collection, reduction
    )


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """-y * log(p + epsilon) - (1 - y) * log(1 - p + epsilon) for probabilities p and labels y.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """

    def measure(predictions: Tensor, labels: Tensor) -> Tensor:
        positive = -math.Mul(labels, elementary.Log(predictions + epsilon))
        return positive - math.Mul(1 - labels, elementary.Log(1 - predictions + epsilon))

    _required(labels=labels, predictions=predictions)
    return _elementwise(
        "log_loss", measure, predictions, labels, weights, scope, loss_collection, reduction
    )


def _logits_and_labels(logits: Any, labels: Any) -> tuple[Tensor, Tensor]:
    logits = convert.to_tensor(logits)
    labels = math.cast(labels, logits.dtype)
    logits.shape.assert_is_compatible_with(labels.shape)
    return logits, labels


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """`tf.nn.sigmoid_cross_entropy_with_logits` of independent classes.

    Args:
        label_smoothing: above 0, moves the labels towards 1/2 by this share.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """
    _required(multi_class_labels=multi_class_labels, logits=logits)
    default = "sigmoid_cross_entropy_loss"
    with scopes.name_scope(scope, default, [logits, multi_class_labels, weights]) as scope:
        logits, labels = _logits_and_labels(logits, multi_class_labels)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = cross_entropy.sigmoid_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """`tf.nn.softmax_cross_entropy_with_logits` with one-hot labels, which get no gradient.

    Args:
        label_smoothing: above 0, moves the labels towards 1 / classes by this share.
        weights: a scalar, or of the shape of the losses (that of `logits` without the classes).

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """
    _required(onehot_labels=onehot_labels, logits=logits)
    default = "softmax_cross_entropy_loss"
    with scopes.name_scope(scope, default, [logits, onehot_labels, weights]) as scope:
        logits, labels = _logits_and_labels(logits, onehot_labels)
        if label_smoothing > 0:
            classes = math.cast(array.shape(labels)[-1], logits.dtype)
            others = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + others
        labels = array.StopGradient(labels, name="labels_stop_gradient")
        losses = cross_entropy.softmax_cross_entropy_with_logits_v2(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits` with class numbers.

    Args:
        labels: int32 or int64, of the shape of `logits` without the classes; a last dimension of
            size 1 too many is dropped, in `weights` as well.
        weights: a scalar, or of the shape of `labels`.

    Raises:
        ValueError: shapes that do not fit, or None for a tensor.
    """
    _required(labels=labels, logits=logits)
    default = "sparse_softmax_cross_entropy_loss"
    with scopes.name_scope(scope, default, [logits, labels, weights]) as scope:
        labels, logits = remove_squeezable_dimensions(labels, logits, expected_rank_diff=1)
        weights = _squeezed_to(labels, weights)
        losses = cross_entropy.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def _squeezed_to(labels: Tensor, weights: Any) -> Tensor:
    """`weights` without its last dimension where it has one more than `labels`."""
    weights = convert.to_tensor(weights)
    rank = weights.shape.ndims
    if rank is not None and labels.shape.ndims is not None:
        return array.squeeze(weights, [-1]) if rank - labels.shape.ndims == 1 else weights
    excess = array.rank(weights) - array.rank(labels)
    if rank == 0 or (rank is not None and weights.shape.as_list()[-1] not in (1, None)):
        return weights
    found: Tensor = cond(
        math.Equal(1, excess), lambda: array.squeeze(weights, [-1]), lambda: weights
    )
    return found
