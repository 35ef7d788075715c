"""Distributions made by sending the values of another through a bijector."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.lib.contrib.distributions.bijectors import elementwise
from tf1x.lib.contrib.distributions.bijectors.compose import Chain
from tf1x.lib.distributions.distribution import Distribution, parameter
from tf1x.lib.distributions.normal import Normal
from tf1x.ops import array, array_broadcast, array_moves, elementary, math, reduce


class TransformedDistribution(Distribution):
    """The distribution of `bijector.forward(x)` for x from `distribution`.

    Args:
        batch_shape: of many independent copies of `distribution`, which must have no batch itself.
        event_shape: of values of many independent copies, for a `distribution` of scalars.

    Raises:
        ValueError: `distribution` is known to have a batch, or values that are not scalars, where
            `batch_shape` or `event_shape` is given.
    """

    def __init__(
        self,
        distribution: Distribution,
        bijector: Any = None,
        batch_shape: Any = None,
        event_shape: Any = None,
        validate_args: bool = False,
        name: str | None = None,
    ) -> None:
        parameters = dict(locals())
        if name is None:
            name = f"{bijector.name if bijector else ''}{distribution.name}".rstrip("/")
        for given, own, what in (
            (batch_shape, distribution.batch_shape, "batch"),
            (event_shape, distribution.event_shape, "event"),
        ):
            if given is not None and own.ndims not in (None, 0):
                raise ValueError(f"base distribution is not scalar in its {what}: {own}")
        with scopes.name_scope(name) as name:
            self._given_batch = _shape(batch_shape, "batch_shape")
            self._given_event = _shape(event_shape, "event_shape")
        self._distribution = distribution
        self._bijector = bijector or elementwise.Identity(validate_args)
        super().__init__(
            distribution.dtype,
            distribution.reparameterization_type,
            validate_args,
            distribution.allow_nan_stats,
            parameters,
            [*distribution._graph_parents, *self._bijector.graph_parents],
            name,
        )

    distribution = parameter("distribution", "Where values come from.")
    bijector = parameter("bijector", "What is done with them.")

    # -- shapes --------------------------------------------------------------------------------

    def _base_event_shape(self) -> TensorShape:
        if self._given_event is None:
            return self.distribution.event_shape
        return constant_value_as_shape(self._given_event)

    def _event_shape(self) -> TensorShape:
        return self.bijector.forward_event_shape(self._base_event_shape())

    def _event_shape_tensor(self) -> Tensor:
        base = self._given_event
        if base is None:
            base = self.distribution.event_shape_tensor()
        return self.bijector.forward_event_shape_tensor(base)

    def _batch_shape(self) -> TensorShape:
        if self._given_batch is None:
            return self.distribution.batch_shape
        return constant_value_as_shape(self._given_batch)

    def _batch_shape_tensor(self) -> Tensor:
        if self._given_batch is None:
            return self.distribution.batch_shape_tensor()
        return self._given_batch

    def _events(self) -> int:
        """How many dimensions of the base's log-probabilities belong to one event."""
        if self._given_event is None:
            return 0
        return _rank(constant_value_as_shape(self._given_event), "event_shape")

    def _moved(self) -> int:
        """How many batch dimensions of the base come before those of the given event."""
        if self._given_event is None or self._given_batch is not None:
            return 0
        return _rank(self.distribution.batch_shape, "batch_shape")

    # -- values --------------------------------------------------------------------------------

    def _call_sample_n(self, sample_shape: Any, seed: Any, name: str, **kwargs: Any) -> Tensor:
        with self._name_scope(name, [sample_shape]):
            sample_shape = convert.to_tensor(sample_shape, int32, name="sample_shape")
            sample_shape, count = self._expand_sample_shape_to_vector(sample_shape, "sample_shape")
            x = self._sample_of_base(count, seed)
            shape = array_moves.concat([sample_shape, array.shape(x)[1:]], 0)
            # The image is what is returned, not a reshaped one: the bijector then knows whence.
            y = self.bijector.forward(array.Reshape(x, shape))
            return self._set_sample_static_shape(y, sample_shape)

    def _sample_of_base(self, n: Any, seed: int | None) -> Tensor:
        sizes: list[Any] = [[n]]
        sizes += [s for s in (self._given_batch, self._given_event) if s is not None]
        shape = array_moves.concat(sizes, 0) if len(sizes) > 1 else [n]
        x = self.distribution.sample(shape, seed)
        batch = self._moved()
        if not (batch and self._events()):
            return x
        order = range(x.shape.ndims)
        return array_moves.transpose(x, [0, *order[-batch:], *order[1:-batch]])

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return self.bijector.forward(self._sample_of_base(n, seed))

    def _base(self, function: Any, x: Tensor) -> Tensor:
        """A function of the base at `x`, with the dimensions of the given event last."""
        events = self._events()
        if not (self._moved() and events):
            return function(x)
        rank = x.shape.ndims
        if rank is None:
            raise ValueError("The rank of the value must be known.")
        order = [*range(rank - events, rank), *range(rank - events)]
        values = function(array_moves.transpose(x, order))
        return array_moves.transpose(values, [*range(events, rank), *range(events)])

    def _log_prob(self, y: Any) -> Tensor:
        x = self.bijector.inverse(y)
        log_prob = self._base(self.distribution.log_prob, x)
        if self._events():
            log_prob = reduce.reduce_sum(log_prob, list(range(-self._events(), 0)))
        return log_prob + self._log_det(y)

    def _log_det(self, y: Any) -> Tensor:
        ndims = _rank(self.event_shape, "event_shape")
        return self.bijector.inverse_log_det_jacobian(y, ndims)

    def _scalar_base(self, method: str, value: Any) -> Tensor:
        if self._given_event is not None:
            raise NotImplementedError(f"{method} is not implemented when overriding event_shape")
        return getattr(self.distribution, method)(value)

    def _cdf(self, y: Any) -> Tensor:
        return self._scalar_base("cdf", self.bijector.inverse(y))

    def _log_cdf(self, y: Any) -> Tensor:
        return self._scalar_base("log_cdf", self.bijector.inverse(y))

    def _survival_function(self, y: Any) -> Tensor:
        return self._scalar_base("survival_function", self.bijector.inverse(y))

    def _log_survival_function(self, y: Any) -> Tensor:
        return self._scalar_base("log_survival_function", self.bijector.inverse(y))

    def _quantile(self, value: Any) -> Tensor:
        return self.bijector.forward(self._scalar_base("quantile", value))

    # -- statistics ----------------------------------------------------------------------------

    def _require_constant_jacobian(self, method: str) -> None:
        if not self.bijector.is_constant_jacobian:
            raise NotImplementedError(f"{method} is not implemented: {type(self).__name__}")

    def _mean(self) -> Tensor:
        self._require_constant_jacobian("mean")
        x = self.distribution.mean()
        if self._given_event is not None:
            events = [1] * self._events()
            x = array.Reshape(x, array_moves.concat([array.shape(x), events], 0))
        given = [s for s in (self._given_batch, self._given_event) if s is not None]
        if given:
            batch = self.batch_shape_tensor()
            event = self.distribution.event_shape_tensor()
            if self._given_event is not None:
                event = self._given_event
            x = array_broadcast.BroadcastTo(x, array_moves.concat([batch, event], 0))
        return self.bijector.forward(x)

    def _entropy(self) -> Tensor:
        self._require_constant_jacobian("entropy")
        entropy = self.distribution.entropy()
        if self._given_event is not None:
            entropy = entropy * math.cast(reduce.reduce_prod(self._given_event), entropy.dtype)
        if self._given_batch is not None:
            entropy = array_broadcast.BroadcastTo(entropy, self._given_batch)
        # The Jacobian is the same everywhere, so anywhere will do.
        anywhere = array.zeros(
            array_moves.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0),
            self.dtype,
        )
        return entropy - self._log_det(anywhere)


def _shape(value: Any, name: str) -> Tensor | None:
    """A given shape as a tensor; None for that of scalars, too."""
    if value is None:
        return None
    value = convert.to_tensor(value, int32, name=name)
    known = constant_value(value)
    return None if known is not None and not known.size else value


def _rank(shape: TensorShape, what: str) -> int:
    if shape.ndims is None:
        raise ValueError(f"The rank of {what} must be known.")
    return shape.ndims


class LogNormal(TransformedDistribution):
    """The distribution of exp(x) for normal x with mean `loc` and standard deviation `scale`."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "LogNormal",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [loc, scale]):
            base = Normal(loc, scale, validate_args, allow_nan_stats)
        super().__init__(base, elementwise.Exp(validate_args), name=name)
        self._parameters = parameters

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithm."""
        return self.distribution.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the logarithm."""
        return self.distribution.scale

    def _mean(self) -> Tensor:
        mean: Tensor = elementary.Exp(self.loc + 0.5 * elementary.Square(self.scale))
        return mean

    def _variance(self) -> Tensor:
        square = elementary.Square(self.scale)
        return elementary.Expm1(square) * elementary.Exp(2.0 * self.loc + square)

    def _mode(self) -> Tensor:
        mode: Tensor = elementary.Exp(self.loc - elementary.Square(self.scale))
        return mode

    def _entropy(self) -> Tensor:
        return self.distribution.entropy() + self.distribution.mean()


class SinhArcsinh(TransformedDistribution):
    """A normal-like distribution with `skewness` and tails as heavy as `tailweight` says.

    It is that of `loc + scale c sinh((arcsinh(z) + skewness) tailweight)` for z from
    `distribution` (standard normal by default), where c makes F(2) = 2 for a skewness of 0.
    """

    def __init__(
        self,
        loc: Any,
        scale: Any,
        skewness: Any = None,
        tailweight: Any = None,
        distribution: Distribution | None = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "SinhArcsinh",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [loc, scale, skewness, tailweight]) as scope:
            self._loc = convert.to_tensor(loc, name="loc")
            dtype = self._loc.dtype
            self._scale = convert.to_tensor(scale, dtype, name="scale")
            self._tailweight = convert.to_tensor(
                1.0 if tailweight is None else tailweight, dtype, name="tailweight"
            )
            self._skewness = convert.to_tensor(
                0.0 if skewness is None else skewness, dtype, name="skewness"
            )
            batch = self._loc + self._scale + self._tailweight + self._skewness
            if distribution is None:
                zeros = array.zeros_like(batch)
                distribution = Normal(zeros, array.ones_like(zeros), validate_args)
            bent = elementwise.SinhArcsinh(self._skewness, self._tailweight, validate_args)
            plain = elementwise.SinhArcsinh(None, self._tailweight, validate_args)
            unit = self._scale * (2.0 / plain.forward(convert.constant(2.0, dtype)))
            moved = elementwise.AffineScalar(self._loc, unit, validate_args)
        super().__init__(
            distribution, Chain([moved, bent]), validate_args=validate_args, name=scope
        )
        self._parameters = parameters

    loc = parameter("loc", "What is added.")
    scale = parameter("scale", "The factor.")
    skewness = parameter("skewness", "Above 0 for a longer tail to the right.")
    tailweight = parameter("tailweight", "Above 1 for heavier tails.")
