"""Bijectors made of other bijectors, or of functions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tf1x.core import convert
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.distributions.bijectors.base import Bijector


class Invert(Bijector):
    """The inverse of another bijector."""

    def __init__(
        self, bijector: Bijector, validate_args: bool = False, name: str | None = None
    ) -> None:
        self.bijector = bijector
        super().__init__(
            bijector.graph_parents,
            bijector.is_constant_jacobian,
            validate_args,
            bijector.dtype,
            bijector.inverse_min_event_ndims,
            bijector.forward_min_event_ndims,
            name or f"invert_{bijector.name}",
        )

    def _forward_event_shape(self, input_shape: Any) -> Any:
        return self.bijector.inverse_event_shape(input_shape)

    def _inverse_event_shape(self, output_shape: Any) -> Any:
        return self.bijector.forward_event_shape(output_shape)

    def _forward_event_shape_tensor(self, input_shape: Tensor) -> Tensor:
        return self.bijector.inverse_event_shape_tensor(input_shape)

    def _inverse_event_shape_tensor(self, output_shape: Tensor) -> Tensor:
        return self.bijector.forward_event_shape_tensor(output_shape)

    def forward(self, x: Any, name: str = "forward") -> Tensor:
        """The value whose image under the other is `x`."""
        return self.bijector.inverse(x, name)

    def inverse(self, y: Any, name: str = "inverse") -> Tensor:
        """The image of `y` under the other."""
        return self.bijector.forward(y, name)

    def inverse_log_det_jacobian(
        self, y: Any, event_ndims: Any = None, name: str = "inverse_log_det_jacobian"
    ) -> Tensor:
        """The other's `forward_log_det_jacobian`."""
        return self.bijector.forward_log_det_jacobian(y, event_ndims, name)

    def forward_log_det_jacobian(
        self, x: Any, event_ndims: Any = None, name: str = "forward_log_det_jacobian"
    ) -> Tensor:
        """The other's `inverse_log_det_jacobian`."""
        return self.bijector.inverse_log_det_jacobian(x, event_ndims, name)


class Chain(Bijector):
    """Bijectors one after the other: `Chain([f, g]).forward(x)` is `f.forward(g.forward(x))`.

    Raises:
        ValueError: they expect values of different types.
    """

    def __init__(
        self,
        bijectors: Any = None,
        validate_args: bool = False,
        name: str | None = None,
    ) -> None:
        self.bijectors = list(bijectors or ())
        types = {b.dtype for b in self.bijectors if b.dtype is not None}
        if len(types) > 1:
            raise ValueError(f"incompatible dtypes: {sorted(t.name for t in types)}")
        super().__init__(
            list(itertools.chain(*(b.graph_parents for b in self.bijectors))),
            all(b.is_constant_jacobian for b in self.bijectors),
            validate_args,
            next(iter(types), None),
            self._least_rank(reversed(self.bijectors), forward=True),
            self._least_rank(self.bijectors, forward=False),
            name or "_of_".join(["chain" if bijectors else "identity", *_names(self.bijectors)]),
        )

    @staticmethod
    def _least_rank(bijectors: Any, forward: bool) -> int:
        """The least rank that makes enough dimensions for every bijector on the way."""
        least, change = 0, 0
        for item in bijectors:
            ends = item.forward_min_event_ndims, item.inverse_min_event_ndims
            first, last = ends if forward else ends[::-1]
            least = max(least, first - change)
            change += last - first
        return least

    def _forward_event_shape(self, input_shape: Any) -> Any:
        for item in reversed(self.bijectors):
            input_shape = item.forward_event_shape(input_shape)
        return input_shape

    def _inverse_event_shape(self, output_shape: Any) -> Any:
        for item in self.bijectors:
            output_shape = item.inverse_event_shape(output_shape)
        return output_shape

    def _forward_event_shape_tensor(self, input_shape: Tensor) -> Tensor:
        for item in reversed(self.bijectors):
            input_shape = item.forward_event_shape_tensor(input_shape)
        return input_shape

    def _inverse_event_shape_tensor(self, output_shape: Tensor) -> Tensor:
        for item in self.bijectors:
            output_shape = item.inverse_event_shape_tensor(output_shape)
        return output_shape

    def _forward(self, x: Tensor) -> Tensor:
        for item in reversed(self.bijectors):
            x = item.forward(x)
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        for item in self.bijectors:
            y = item.inverse(y)
        return y

    # The ranks of events change along the way, so the sums over them are left to the parts.

    def _inverse_log_det(self, y: Tensor, ndims: int) -> Tensor:
        total = convert.constant(0.0, y.dtype)
        for item in self.bijectors:
            total = total + item.inverse_log_det_jacobian(y, ndims)
            ndims += item.forward_min_event_ndims - item.inverse_min_event_ndims
            y = item.inverse(y)
        return total

    def forward_log_det_jacobian(
        self, x: Any, event_ndims: Any = None, name: str = "forward_log_det_jacobian"
    ) -> Tensor:
        """The sum of those of the parts; see `Bijector`."""
        with self._name_scope(name, [x]):
            ndims = self._event_ndims(event_ndims, self.forward_min_event_ndims)
            x = self._tensor(x, "x")
            total = convert.constant(0.0, x.dtype)
            for item in reversed(self.bijectors):
                total = total + item.forward_log_det_jacobian(x, ndims)
                ndims += item.inverse_min_event_ndims - item.forward_min_event_ndims
                x = item.forward(x)
            return total


def _names(bijectors: list[Bijector]) -> list[str]:
    return [b.name for b in bijectors]


class Inline(Bijector):
    """A bijector made of functions; those that are left out are not implemented."""

    def __init__(
        self,
        forward_fn: Callable[[Any], Any] | None = None,
        inverse_fn: Callable[[Any], Any] | None = None,
        inverse_log_det_jacobian_fn: Callable[[Any], Any] | None = None,
        forward_log_det_jacobian_fn: Callable[[Any], Any] | None = None,
        forward_event_shape_fn: Callable[[Any], Any] | None = None,
        forward_event_shape_tensor_fn: Callable[[Any], Any] | None = None,
        inverse_event_shape_fn: Callable[[Any], Any] | None = None,
        inverse_event_shape_tensor_fn: Callable[[Any], Any] | None = None,
        is_constant_jacobian: bool = False,
        validate_args: bool = False,
        forward_min_event_ndims: int | None = None,
        inverse_min_event_ndims: int | None = None,
        name: str = "inline",
    ) -> None:
        super().__init__(
            None,
            is_constant_jacobian,
            validate_args,
            None,
            forward_min_event_ndims,
            inverse_min_event_ndims,
            name,
        )
        given = {
            "forward": forward_fn,
            "inverse": inverse_fn,
            "inverse_log_det_jacobian": inverse_log_det_jacobian_fn,
            "forward_log_det_jacobian": forward_log_det_jacobian_fn,
            "forward_event_shape": forward_event_shape_fn,
            "forward_event_shape_tensor": forward_event_shape_tensor_fn,
            "inverse_event_shape": inverse_event_shape_fn,
            "inverse_event_shape_tensor": inverse_event_shape_tensor_fn,
        }
        for method, function in given.items():
            if function is not None:
                if not callable(function):
                    raise TypeError(f"{method}_fn is not a callable function: {function}")
                setattr(self, f"_{method}", function)
