"""The losses of `tf.contrib.losses`.

They differ from those of `tf.losses` in the order of arguments (predictions first) and in their
weights: a scalar, one for each example, or one for each leading dimension of the losses; a last
dimension of size 1 is dropped. The result is the weighted sum, divided by the number of elements
whose weight is not 0, and joins `GraphKeys.LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.api import renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.lib.losses.collect import add_loss
from tf1x.ops import array, array_select, array_slicing, cross_entropy, elementary, math, nn, reduce
from tf1x.ops.math_functions import div

_old_names = renamed(weight="weights", targets="labels", target="labels")  # those of 0.x


def _to_float(x: Any) -> Tensor:
    made: Tensor = math.cast(x, float32, name="ToFloat")
    return made


def _weights(weights: Any) -> Tensor:
    weights = _to_float(convert.to_tensor(weights))
    if weights.shape.ndims is None:
        raise ValueError("weights.get_shape().ndims cannot be None")
    return weights


def _pair(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    predictions, labels = convert.to_tensor(predictions), convert.to_tensor(labels)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


@renamed(weight="weights")
def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """The weighted mean of `losses`, of their type; see the module.

    Raises:
        ValueError: losses or weights of unknown rank.
    """
    with scopes.name_scope(scope, "weighted_loss", [losses, weights]):
        losses = convert.to_tensor(losses)
        dtype = losses.dtype
        losses, weights = _to_float(losses), _weights(weights)
        if losses.shape.ndims is None:
            raise ValueError("losses.get_shape().ndims cannot be None")
        if weights.shape.ndims > 1 and weights.shape.as_list()[-1] in (1, None):
            weights = array.squeeze(weights, [-1])
        total = _scaled(losses, weights)
        count = reduce.reduce_sum(_present(losses, weights))
        loss = math.cast(_quotient(reduce.reduce_sum(total), count), dtype)
        add_loss(loss)
        return loss


def _scaled(losses: Tensor, weights: Tensor) -> Tensor:
    """The sum of the losses times the weights, which stand for the leading dimensions."""
    rest = list(range(weights.shape.ndims, losses.shape.ndims))
    return reduce.reduce_sum(math.Mul(reduce.reduce_sum(losses, rest), weights))


def _present(losses: Tensor, weights: Tensor) -> Tensor:
    """How many elements of each example have a weight other than 0."""
    rank = weights.shape.ndims
    shape = array.shape(losses)
    if rank == 0:
        batch = array.Reshape(array_slicing.slice_(shape, [0], [1]), [])
        each = div(_to_float(array.size(losses)), _to_float(batch))
        each = array_select.where(math.Equal(weights, 0), 0.0, each)
        of_each: Tensor = math.Mul(array.ones(array.Reshape(batch, [1])), each)
        return of_each
    nonzero = _to_float(math.NotEqual(weights, 0))
    of_each_weight = reduce.reduce_prod(array_slicing.slice_(shape, [rank], [-1]))
    of_each = reduce.reduce_sum(nonzero, list(range(1, rank)))
    return of_each * _to_float(of_each_weight)


def _quotient(total: Tensor, count: Tensor) -> Tensor:
    """0 where the count is; the gradient is finite there too."""
    divisor = array_select.where(math.Equal(count, 0), array.ones_like(count), count)
    return array_select.where(
        math.Greater(count, 0), div(total, divisor), array.zeros_like(total), name="value"
    )


def _elementwise(
    default: str, measure: Callable[[Tensor, Tensor], Tensor],
    predictions: Any, labels: Any, weights: Any, scope: str | None,
) -> Tensor:  # fmt: skip
    with scopes.name_scope(scope, default, [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = measure(_to_float(predictions), _to_float(labels))
        return compute_weighted_loss(losses, weights, scope)


@_old_names
def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """|predictions - labels|."""
    return _elementwise(
        "absolute_difference", lambda p, y: math.Abs(math.Sub(p, y)),
        predictions, labels, weights, scope,
    )  # fmt: skip


@_old_names
def mean_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """(predictions - labels) squared."""
    return _elementwise(
        "mean_squared_error", lambda p, y: elementary.Square(math.Sub(p, y)),
        predictions, labels, weights, scope,
    )  # fmt: skip


@_old_names
def log_loss(
    predictions: Any,
    labels: Any = None,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
) -> Tensor:
    """-y * log(p + epsilon) - (1 - y) * log(1 - p + epsilon) for probabilities p and labels y."""

    def measure(p: Tensor, y: Tensor) -> Tensor:
        positive = -math.Mul(y, elementary.Log(p + epsilon))
        return positive - math.Mul(1 - y, elementary.Log(1 - p + epsilon))

    return _elementwise("log_loss", measure, predictions, labels, weights, scope)


@renamed(weight="weights", targets="labels", dim="axis")
def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
) -> Tensor:
    """1 - the cosine of the angle between vectors of length 1 along `axis` (`dim` is its old name)."""
    if axis is None:
        raise ValueError("`axis` and `dim` cannot both be None.")
    return _elementwise(
        "cosine_distance_loss", lambda p, y: 1 - reduce.reduce_sum(math.Mul(p, y), [axis]),
        predictions, labels, weights, scope,
    )  # fmt: skip


@renamed(target="labels")
def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Tensor:
    """max(0, 1 - y * logits) for labels 0 and 1, which count as y = -1 and 1; one for each element.

    It is neither weighted nor reduced nor collected.
    """
    with scopes.name_scope(scope, "hinge_loss", [logits, labels]):
        logits, labels = _pair(logits, labels)
        labels = _to_float(labels)
        ones = array.ones_like(labels)
        signs = math.Sub(2 * labels, ones)
        losses: Tensor = nn.Relu(math.Sub(ones, math.Mul(signs, logits)))
        return losses


@_old_names
def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The squared differences between pairs of an example's errors, over all ordered pairs."""
    default = "mean_pairwise_squared_error"
    with scopes.name_scope(scope, default, [predictions, labels, weights]):
        predictions, labels = _pair(predictions, labels)
        predictions, labels = _to_float(predictions), _to_float(labels)
        weights = _weights(weights)
        errors = math.Sub(predictions, labels)
        if errors.shape.ndims is None:
            raise ValueError("diffs.get_shape().ndims cannot be None")
        rest = list(range(1, errors.shape.ndims))
        squares = reduce.reduce_sum(elementary.Square(errors), rest)
        count = _present(errors, weights)
        of_squares = 2.0 * _quotient(squares, count)
        totals = elementary.Square(reduce.reduce_sum(errors, rest))
        of_totals = 2.0 * _quotient(totals, elementary.Square(count))
        loss = _scaled(of_squares - of_totals, weights)
        some = reduce.reduce_sum(count) > 0
        loss = array_select.where(some, loss, array.zeros_like(loss), name="value")
        add_loss(loss)
        return loss


# -- cross entropy -------------------------------------------------------------------------------


@renamed(weight="weights")
def sigmoid_cross_entropy(
    logits: Any,
    multi_class_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """`tf.nn.sigmoid_cross_entropy_with_logits`; above 0, smoothing moves labels towards 1/2."""
    values = [logits, multi_class_labels, weights]
    with scopes.name_scope(scope, "sigmoid_cross_entropy_loss", values) as scope:
        logits, labels = _pair(logits, multi_class_labels)
        labels = math.cast(labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = cross_entropy.sigmoid_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope)


@renamed(weight="weights")
def softmax_cross_entropy(
    logits: Any,
    onehot_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """`tf.nn.softmax_cross_entropy_with_logits`; above 0, smoothing moves labels towards 1 / classes."""
    values = [logits, onehot_labels, weights]
    with scopes.name_scope(scope, "softmax_cross_entropy_loss", values) as scope:
        logits, labels = _pair(logits, onehot_labels)
        labels = math.cast(labels, logits.dtype)
        if label_smoothing > 0:
            classes = math.cast(array.shape(labels)[1], logits.dtype)
            others = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + others
        losses = cross_entropy.softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope)


@renamed(weight="weights")
def sparse_softmax_cross_entropy(
    logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits`; labels of shape [batch] or [batch, 1]."""
    values = [logits, labels, weights]
    with scopes.name_scope(scope, "sparse_softmax_cross_entropy_loss", values) as scope:
        labels = array.Reshape(labels, [array.shape(labels)[0]])
        losses = cross_entropy.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope)


# Their names before TensorFlow 0.12.
sum_of_squares = mean_squared_error
sum_of_pairwise_squares = mean_pairwise_squared_error
