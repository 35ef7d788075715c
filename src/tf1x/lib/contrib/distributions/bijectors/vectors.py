"""Bijectors of vectors onto simplices and ordered vectors."""

from __future__ import annotations

from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.contrib.distributions.bijectors.base import Bijector
from tf1x.ops import array, array_moves, elementary, nn, nn_functions, reduce


class SoftmaxCentered(Bijector):
    """y = softmax([x, 0]): vectors of k numbers as k + 1 probabilities.

    Args:
        event_ndims: 1, as it had to be given before TensorFlow 1.7.

    Raises:
        ValueError: another `event_ndims`.
    """

    def __init__(
        self,
        validate_args: bool = False,
        name: str = "softmax_centered",
        event_ndims: int | None = None,
    ) -> None:
        if event_ndims not in (None, 1):
            raise ValueError(f"`event_ndims` must be 1, not {event_ndims}.")
        super().__init__(validate_args=validate_args, forward_min_event_ndims=1, name=name)

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        return _longer(input_shape, 1)

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        return _longer(output_shape, -1)

    def _forward_event_shape_tensor(self, input_shape: Tensor) -> Tensor:
        return array_moves.concat([input_shape[:-1], input_shape[-1:] + 1], 0)

    def _inverse_event_shape_tensor(self, output_shape: Tensor) -> Tensor:
        return array_moves.concat([output_shape[:-1], output_shape[-1:] - 1], 0)

    def _forward(self, x: Tensor) -> Tensor:
        return nn_functions.softmax(array_moves.concat([x, array.zeros_like(x[..., :1])], -1))

    def _inverse(self, y: Tensor) -> Tensor:
        logs = elementary.Log(y)
        return logs[..., :-1] - logs[..., -1:]

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        # Sylvester's identity makes the determinant of diag(p) - p p^T the product of all of y.
        return -reduce.reduce_sum(elementary.Log(y), axis=-1)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        total = nn.Softplus(reduce.reduce_logsumexp(x, axis=-1, keepdims=True))
        sums = -total + reduce.reduce_sum(x - total, axis=-1, keepdims=True)
        return array.squeeze(sums, [-1])


def _longer(shape: TensorShape, by: int) -> TensorShape:
    if not shape.ndims:
        return shape
    sizes = shape.as_list()
    return TensorShape([*sizes[:-1], None if sizes[-1] is None else sizes[-1] + by])


class Ordered(Bijector):
    """y[0], log(y[1] - y[0]), log(y[2] - y[1]), ...: increasing vectors as any vectors."""

    def __init__(self, validate_args: bool = False, name: str = "ordered") -> None:
        super().__init__(validate_args=validate_args, forward_min_event_ndims=1, name=name)

    def _forward(self, x: Tensor) -> Tensor:
        steps = elementary.Log(x[..., 1:] - x[..., :-1])
        return array_moves.concat([x[..., :1], steps], -1)

    def _inverse(self, y: Tensor) -> Tensor:
        steps = array_moves.concat([y[..., :1], elementary.Exp(y[..., 1:])], -1)
        return reduce.cumsum(steps, axis=-1)

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return reduce.reduce_sum(y[..., 1:], axis=-1)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return -reduce.reduce_sum(elementary.Log(x[..., 1:] - x[..., :-1]), axis=-1)
