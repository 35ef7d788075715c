"""What all metrics share: their variables, shapes that fit, collections."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.variables import Variable
from tf1x.ops import array, math
from tf1x.ops.control_flow import cond
from tf1x.ops.counting import remove_squeezable_dimensions

Metric = tuple[Any, Any]  # the value so far, and the op that updates it


def metric_variable(
    shape: Any, dtype: Any, validate_shape: bool = True, name: str | None = None
) -> Variable:
    """A local variable of zeros, in the collections of metrics."""
    made: Variable = Variable(
        lambda: array.zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        name=name,
    )
    return made


def published(
    value: Any, update: Any, metrics_collections: Any, updates_collections: Any
) -> Metric:
    """Both results, added to the collections (a name or several; None for none)."""
    if metrics_collections:
        scopes.add_to_collections(metrics_collections, value)
    if updates_collections:
        scopes.add_to_collections(updates_collections, update)
    return value, update


def matched(
    predictions: Any, labels: Any = None, weights: Any = None
) -> tuple[Tensor, Any, Tensor | None]:
    """Predictions, labels and weights as tensors of fitting ranks.

    The last dimension of labels or predictions is dropped where it has size 1 and is one too many;
    weights lose or gain a last dimension likewise, scalars apart.

    Raises:
        ValueError: labels and predictions of different shapes.
    """
    predictions = convert.to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    return predictions, labels, _of_rank_of(predictions, convert.to_tensor(weights))


def _of_rank_of(predictions: Tensor, weights: Tensor) -> Tensor:
    rank = weights.shape.ndims
    if rank == 0:
        return weights
    if rank is not None and predictions.shape.ndims is not None:
        if rank - predictions.shape.ndims == 1:
            return array.squeeze(weights, [-1])
        if predictions.shape.ndims - rank == 1:
            return array.expand_dims(weights, [-1])
        return weights
    weights_rank = array.rank(weights)
    excess = weights_rank - array.rank(predictions)

    def squeezed() -> Tensor:
        known = None if rank is None else weights.shape.as_list()[-1]
        return weights if known not in (1, None) else array.squeeze(weights, [-1])

    def expanded() -> Tensor:
        made: Tensor = cond(
            math.Equal(excess, -1), lambda: array.expand_dims(weights, [-1]), lambda: weights
        )
        return made

    found: Tensor = cond(
        math.Equal(weights_rank, 0),
        lambda: weights,
        lambda: cond(math.Equal(excess, 1), squeezed, expanded),
    )
    return found
