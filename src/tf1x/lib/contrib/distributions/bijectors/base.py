"""What all bijectors are: `Bijector`, and its form for one number at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.distributions.shapes import prefer_static_value
from tf1x.ops import array, reduce


class Bijector:
    """A smooth function with an inverse, and the logarithms of the determinants of its Jacobians.

    A subclass implements `_forward(x)`, `_inverse(y)` and one of `_forward_log_det_jacobian(x)`
    and `_inverse_log_det_jacobian(y)`; where it changes the shape of an event, the methods
    `_forward_event_shape` and so on, too. Results are kept: `inverse(forward(x))` is `x` itself.

    Args:
        graph_parents: the tensors it is made of.
        is_constant_jacobian: whether the Jacobian is the same for all values.
        forward_min_event_ndims: how many of the last dimensions of `x` it works on together.
        inverse_min_event_ndims: the same of `y`; by default the former.
        name: by default the class's, in snake case.

    Raises:
        ValueError: neither of the two ranks is given.
    """

    def __init__(
        self,
        graph_parents: list[Any] | None = None,
        is_constant_jacobian: bool = False,
        validate_args: bool = False,
        dtype: Any = None,
        forward_min_event_ndims: int | None = None,
        inverse_min_event_ndims: int | None = None,
        name: str | None = None,
    ) -> None:
        known = [n for n in (forward_min_event_ndims, inverse_min_event_ndims) if n is not None]
        if not known:
            raise ValueError(
                "Must specify at least one of `forward_min_event_ndims` and "
                "`inverse_min_event_ndims`."
            )
        if any(not isinstance(n, int) or n < 0 for n in known):
            raise ValueError(f"Ranks of events must be non-negative integers, not {known}.")
        self.graph_parents = list(graph_parents or [])
        self.is_constant_jacobian = is_constant_jacobian
        self.validate_args = validate_args
        self.dtype = dtype
        self.forward_min_event_ndims = known[0]
        self.inverse_min_event_ndims = known[-1]
        self.name = name or _snake_case(type(self).__name__.lstrip("_"))
        self._images: dict[Tensor, Tensor] = {}
        self._preimages: dict[Tensor, Tensor] = {}
        self._log_dets: dict[tuple[Tensor, int], Tensor] = {}  # of the inverse, by y

    # -- shapes --------------------------------------------------------------------------------

    def _forward_event_shape(self, input_shape: TensorShape) -> Any:
        return input_shape

    def _inverse_event_shape(self, output_shape: TensorShape) -> Any:
        return output_shape

    def _forward_event_shape_tensor(self, input_shape: Tensor) -> Tensor:
        return input_shape

    def _inverse_event_shape_tensor(self, output_shape: Tensor) -> Tensor:
        return output_shape

    def forward_event_shape(self, input_shape: Any) -> TensorShape:
        """What is known of the shape of `forward(x)`, for one event `x`."""
        return TensorShape(self._forward_event_shape(TensorShape(input_shape)))

    def inverse_event_shape(self, output_shape: Any) -> TensorShape:
        """What is known of the shape of `inverse(y)`, for one event `y`."""
        return TensorShape(self._inverse_event_shape(TensorShape(output_shape)))

    def forward_event_shape_tensor(
        self, input_shape: Any, name: str = "forward_event_shape_tensor"
    ) -> Tensor:
        """The shape of `forward(x)`, for one event `x`."""
        with self._name_scope(name, [input_shape]):
            shape = convert.to_tensor(input_shape, int32, name="input_shape")
            return self._forward_event_shape_tensor(shape)

    def inverse_event_shape_tensor(
        self, output_shape: Any, name: str = "inverse_event_shape_tensor"
    ) -> Tensor:
        """The shape of `inverse(y)`, for one event `y`."""
        with self._name_scope(name, [output_shape]):
            shape = convert.to_tensor(output_shape, int32, name="output_shape")
            return self._inverse_event_shape_tensor(shape)

    # -- values --------------------------------------------------------------------------------

    def _forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"forward is not implemented: {type(self).__name__}")

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError(f"inverse is not implemented: {type(self).__name__}")

    def forward(self, x: Any, name: str = "forward") -> Tensor:
        """The image of `x`."""
        with self._name_scope(name, [x]):
            return self._image(self._tensor(x, "x"))

    def inverse(self, y: Any, name: str = "inverse") -> Tensor:
        """The value whose image is `y`."""
        with self._name_scope(name, [y]):
            return self._preimage(self._tensor(y, "y"))

    def _image(self, x: Tensor) -> Tensor:
        y = _usable(self._images.get(x), x)
        if y is None:
            y = self._forward(x)
            self._images[x], self._preimages[y] = y, x
        return y

    def _preimage(self, y: Tensor) -> Tensor:
        x = _usable(self._preimages.get(y), y)
        if x is None:
            x = self._inverse(y)
            self._preimages[y], self._images[x] = x, y
        return x

    # -- Jacobians -----------------------------------------------------------------------------

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        raise NotImplementedError(
            f"forward_log_det_jacobian is not implemented: {type(self).__name__}"
        )

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        raise NotImplementedError(
            f"inverse_log_det_jacobian is not implemented: {type(self).__name__}"
        )

    def inverse_log_det_jacobian(
        self, y: Any, event_ndims: Any = None, name: str = "inverse_log_det_jacobian"
    ) -> Tensor:
        """The logarithm of |determinant| of the Jacobian of `inverse` at `y`.

        Args:
            event_ndims: how many of the last dimensions of `y` are one event, an integer; by
                default the fewest that the bijector works on.

        Raises:
            ValueError: `event_ndims` is less than that, or not known.
        """
        with self._name_scope(name, [y]):
            ndims = self._event_ndims(event_ndims, self.inverse_min_event_ndims)
            y = self._tensor(y, "y")
            found = _usable(self._log_dets.get((y, ndims)), y)
            if found is None:
                found = self._log_dets[y, ndims] = self._inverse_log_det(y, ndims)
            return found

    def _inverse_log_det(self, y: Tensor, ndims: int) -> Tensor:
        """By the image, or by `x`: first by the one that was given, which has more digits."""
        extra = ndims - self.inverse_min_event_ndims

        def by_image() -> Tensor:
            log_det = self._inverse_log_det_jacobian(y)
            return _over_event(y, log_det, self.inverse_min_event_ndims, extra)

        def by_preimage() -> Tensor:
            x = self._preimage(y)
            log_det = self._forward_log_det_jacobian(x)
            return -_over_event(x, log_det, self.forward_min_event_ndims, extra)

        ways = [by_image, by_preimage]
        if _usable(self._preimages.get(y), y) is not None:
            ways.reverse()
        try:
            return ways[0]()
        except NotImplementedError:
            return ways[1]()

    def forward_log_det_jacobian(
        self, x: Any, event_ndims: Any = None, name: str = "forward_log_det_jacobian"
    ) -> Tensor:
        """As `inverse_log_det_jacobian`, of `forward` at `x`."""
        with self._name_scope(name, [x]):
            least = self.forward_min_event_ndims
            extra = self._event_ndims(event_ndims, least) - least
            x = self._tensor(x, "x")
            y = self._images.get(x)
            if y is not None:
                key = (y, self.inverse_min_event_ndims + extra)
                found = _usable(self._log_dets.get(key), x)
                if found is not None:
                    return -found
            try:
                return _over_event(x, self._forward_log_det_jacobian(x), least, extra)
            except NotImplementedError:
                y = self._image(x)
                log_det = self._inverse_log_det_jacobian(y)
                return -_over_event(y, log_det, self.inverse_min_event_ndims, extra)

    def _event_ndims(self, given: Any, least: int) -> int:
        if given is None:
            return least
        known = prefer_static_value(given) if isinstance(given, Tensor) else given
        if isinstance(known, Tensor):
            raise ValueError("event_ndims must be known when the graph is built.")
        if int(known) < least:
            raise ValueError(f"event_ndims ({known}) must be larger than min_event_ndims ({least})")
        return int(known)

    # -- helpers -------------------------------------------------------------------------------

    def _tensor(self, value: Any, name: str) -> Tensor:
        value = convert.to_tensor(value, preferred_dtype=self.dtype, name=name)
        if self.dtype is not None and self.dtype.base_dtype != value.dtype.base_dtype:
            raise TypeError(f"Input had dtype {value.dtype} but expected {self.dtype}.")
        return value

    @contextmanager
    def _name_scope(self, name: str, values: list[Any] | None = None) -> Iterator[str]:
        values = [*(values or []), *self.graph_parents]
        with scopes.name_scope(self.name, None, values), scopes.name_scope(name) as scope:
            yield scope


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _usable(found: Tensor | None, source: Tensor) -> Tensor | None:
    """A kept tensor, unless it stands inside of a loop or branch that is finished."""
    if found is None or found.graph not in (source.graph, scopes.get_default_graph()):
        return None
    return found


def _over_event(value: Tensor, log_det: Tensor, least: int, extra: int) -> Tensor:
    """`log_det`, one for every `least` last dimensions of `value`, summed over `extra` more."""
    if not extra:
        return log_det
    rank = array.rank(value) if value.shape.ndims is None else value.shape.ndims
    ends = rank - least - extra, rank - least
    ones = array.ones(array.shape(value)[ends[0] : ends[1]], log_det.dtype)
    # One determinant may stand for all of the batch.
    return reduce.reduce_sum(ones * log_det, axis=list(range(-extra, 0)))


class ElementwiseBijector(Bijector):
    """A bijector of single numbers.

    Args:
        event_ndims: the rank of events unless `inverse_log_det_jacobian` is told another, as
            constructors had it before TensorFlow 1.7.
    """

    def __init__(
        self,
        validate_args: bool = False,
        name: str | None = None,
        event_ndims: int | None = None,
        is_constant_jacobian: bool = False,
        graph_parents: list[Any] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(graph_parents, is_constant_jacobian, validate_args, dtype, 0, None, name)
        self._default_event_ndims = event_ndims

    def _event_ndims(self, given: Any, least: int) -> int:
        return super()._event_ndims(self._default_event_ndims if given is None else given, least)
