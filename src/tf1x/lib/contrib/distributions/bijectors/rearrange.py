"""Bijectors that move elements or change shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.lib.contrib.distributions.bijectors.base import Bijector
from tf1x.ops import array, array_gather, array_moves, array_select, reduce


class Reshape(Bijector):
    """Events of `event_shape_in` as events of `event_shape_out` (one -1 in one of them is found).

    Raises:
        ValueError: the shapes are not vectors, or known to have different numbers of elements.
    """

    def __init__(
        self,
        event_shape_out: Any,
        event_shape_in: Any = (-1,),
        validate_args: bool = False,
        name: str | None = None,
    ) -> None:
        with scopes.name_scope(name or "reshape", None, [event_shape_out, event_shape_in]):
            self._out = convert.to_tensor(event_shape_out, int32, name="event_shape_out")
            self._in = convert.to_tensor(event_shape_in, int32, name="event_shape_in")
        ranks = []
        for shape in (self._in, self._out):
            size = shape.shape.with_rank(1).num_elements()
            if size is None:
                raise ValueError("The ranks of the shapes must be known.")
            ranks.append(size)
        known = [constant_value(s) for s in (self._in, self._out)]
        sizes = [int(np.prod(k)) for k in known if k is not None and np.all(k >= 0)]
        if len(sizes) == 2 and sizes[0] != sizes[1]:
            raise ValueError(f"Input/output event sizes mismatch: {sizes[0]} and {sizes[1]}.")
        super().__init__(
            [self._out, self._in], True, validate_args, None, ranks[0], ranks[1], name or "reshape"
        )

    def _reshaped(self, x: Tensor, rank: int, target: Tensor) -> Tensor:
        batch = array.shape(x)[: array.rank(x) - rank]
        y = array.Reshape(x, array_moves.concat([batch, target], 0))
        if x.shape.ndims is not None:
            # -1 in a shape is a size that is not known.
            y.set_shape(x.shape[: x.shape.ndims - rank].concatenate(_known(target)))
        return y

    def _forward(self, x: Tensor) -> Tensor:
        return self._reshaped(x, self.forward_min_event_ndims, self._out)

    def _inverse(self, y: Tensor) -> Tensor:
        return self._reshaped(y, self.inverse_min_event_ndims, self._in)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return convert.constant(0.0, x.dtype)

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        return _event(input_shape, self._in, self._out)

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        return _event(output_shape, self._out, self._in)

    def _forward_event_shape_tensor(self, input_shape: Tensor) -> Tensor:
        return _event_tensor(input_shape, self.forward_min_event_ndims, self._out)

    def _inverse_event_shape_tensor(self, output_shape: Tensor) -> Tensor:
        return _event_tensor(output_shape, self.inverse_min_event_ndims, self._in)


def _known(shape: Tensor) -> TensorShape:
    value = constant_value(shape)
    if value is None:
        return constant_value_as_shape(shape)
    return TensorShape([None if d < 0 else int(d) for d in value])


def _event(given: TensorShape, source: Tensor, target: Tensor) -> TensorShape:
    if given.ndims is None:
        return TensorShape(None)
    rank = source.shape.num_elements()
    batch, event = given[: given.ndims - rank], given[given.ndims - rank :]
    if not event.is_compatible_with(_known(source)):
        raise ValueError(f"Event shape {event} is not the expected {_known(source)}.")
    sizes, count = _known(target).as_list(), event.num_elements()
    if sizes.count(None) == 1 and count is not None:
        rest = int(np.prod([s for s in sizes if s is not None]))
        sizes = [count // rest if s is None else s for s in sizes]
    return batch.concatenate(sizes)


def _event_tensor(given: Tensor, rank: int, target: Tensor) -> Tensor:
    split = array.size(given) - rank
    count = reduce.reduce_prod(given[split:])
    rest = -reduce.reduce_prod(target)  # negative only if there is a -1
    found = array_select.where_v2(
        target < 0, count // array_select.where_v2(rest > 0, rest, 1), target
    )
    return array_moves.concat([given[:split], found], 0)


class Permute(Bijector):
    """y[i] = x[permutation[i]] along the last axis.

    Raises:
        TypeError: `permutation` does not consist of integers.
        ValueError: it is known to be no permutation.
    """

    def __init__(
        self, permutation: Any, validate_args: bool = False, name: str | None = None
    ) -> None:
        name = name or "permute"
        with scopes.name_scope(name, None, [permutation]):
            self.permutation = convert.to_tensor(permutation, name="permutation")
        if not self.permutation.dtype.is_integer:
            raise TypeError(f"permutation.dtype ({self.permutation.dtype.name}) should be integer.")
        known = constant_value(self.permutation)
        if known is not None and not np.array_equal(np.sort(known), np.arange(known.size)):
            raise ValueError(
                f"Permutation over `d` must contain exactly one of each of {{0, 1, ..., d}}: {known}"
            )
        super().__init__(
            [self.permutation], True, validate_args, forward_min_event_ndims=1, name=name
        )

    def _forward(self, x: Tensor) -> Tensor:
        return array_gather.gather(x, self.permutation, axis=-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return array_gather.gather(y, array_select.InvertPermutation(self.permutation), axis=-1)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return convert.constant(0.0, x.dtype)
