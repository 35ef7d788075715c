"""What all distributions are: `Distribution`, and its form for scalars."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.lib.distributions import kullback_leibler
from tf1x.lib.distributions.shapes import pick_vector
from tf1x.ops import array, array_broadcast, array_moves, elementary, math, reduce


class ReparameterizationType:
    """Whether gradients flow through samples to the parameters of their distribution."""

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


def parameter(name: str, doc: str) -> property:
    """A read-only property of a distribution that shows its attribute `_<name>`."""
    return property(operator.attrgetter(f"_{name}"), doc=doc)


def _missing(method: str) -> Callable[..., Any]:
    """What stands for a method that a kind of distribution does not have."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{method} is not implemented: {type(self).__name__}")

    return refuse


def _either(direct: Callable[[], Any], derived: Callable[[], Any]) -> Any:
    """`direct()`, or `derived()` where that is not implemented."""
    try:
        return direct()
    except NotImplementedError as error:
        try:
            return derived()
        except NotImplementedError:
            raise error from None


class Distribution:
    """A batch of probability distributions of one kind.

    `batch_shape` counts independent distributions with parameters of their own, `event_shape` is
    that of one value; `sample(shape)` gives [*shape, *batch_shape, *event_shape], and functions of
    values broadcast them against the batch.

    A subclass implements what it has of `_sample_n(n, seed)`, `_log_prob(value)` or `_prob`,
    `_cdf` or `_log_cdf`, `_survival_function`, `_log_survival_function`, `_quantile`, `_entropy`,
    `_mean`, `_mode`, `_stddev` or `_variance`, `_covariance`, and the four of shapes. The public
    methods name the ops, convert values and derive one from another.

    Args:
        dtype: of the samples.
        reparameterization_type: FULLY_REPARAMETERIZED or NOT_REPARAMETERIZED.
        validate_args: check parameters and values when the graph runs.
        allow_nan_stats: give NaN for an undefined statistic (an error otherwise).
        parameters: the constructor's arguments, e.g. `dict(locals())`; for `copy`.
        graph_parents: the tensors it is made of.

    Raises:
        ValueError: one of `graph_parents` is not a tensor.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: list[Any] | None = None,
        name: str | None = None,
    ) -> None:
        self._graph_parents = list(graph_parents or [])
        for i, parent in enumerate(self._graph_parents):
            if not isinstance(parent, Tensor):
                raise ValueError(f"Graph parent item {i} is not a Tensor; {parent}.")
        if not name or not name.endswith("/"):
            with scopes.name_scope(name or type(self).__name__) as name:
                pass
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._validate_args = validate_args
        self._allow_nan_stats = allow_nan_stats
        self._parameters = parameters or {}
        self._name = name

    name = parameter("name", "The scope of its ops, with a final slash.")
    dtype = parameter("dtype", "The type of its samples.")
    reparameterization_type = parameter(
        "reparameterization_type", "Whether gradients flow through its samples."
    )
    allow_nan_stats = parameter("allow_nan_stats", "Whether an undefined statistic is NaN.")
    validate_args = parameter("validate_args", "Whether parameters and values are checked.")

    @property
    def parameters(self) -> dict[str, Any]:
        """What it was made with, by argument name."""
        return {
            key: value
            for key, value in self._parameters.items()
            if key != "self" and not key.startswith("__")
        }

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """A distribution made with the same arguments but for those given."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    # -- the shapes of parameters for samples of a wanted shape --------------------------------

    @classmethod
    def param_shapes(
        cls, sample_shape: Any, name: str = "DistributionParamShapes"
    ) -> dict[str, Tensor]:
        """The shape (a tensor) of each parameter with which `sample()` has `sample_shape`."""
        with scopes.name_scope(name, None, [sample_shape]):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, TensorShape]:
        """As `param_shapes`, as `TensorShape`s.

        Raises:
            ValueError: `sample_shape` is not wholly known.
        """
        if isinstance(sample_shape, TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        found = {}
        for name, shape in cls.param_shapes(sample_shape).items():
            known = constant_value(shape)
            if known is None:
                raise ValueError("sample_shape must be a fully-defined TensorShape or list/tuple")
            found[name] = TensorShape(known.tolist())
        return found

    @classmethod
    def _param_shapes(cls, sample_shape: Any) -> dict[str, Tensor]:
        raise NotImplementedError(f"_param_shapes is not implemented: {cls.__name__}")

    # -- shapes --------------------------------------------------------------------------------

    _batch_shape_tensor = _missing("batch_shape_tensor")
    _event_shape_tensor = _missing("event_shape_tensor")

    def _batch_shape(self) -> TensorShape:
        return TensorShape(None)

    def _event_shape(self) -> TensorShape:
        return TensorShape(None)

    @property
    def batch_shape(self) -> TensorShape:
        """What is known of the shape of the batch."""
        return as_shape(self._batch_shape())

    @property
    def event_shape(self) -> TensorShape:
        """What is known of the shape of one value."""
        return as_shape(self._event_shape())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The shape of the batch, int32."""
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                return convert.to_tensor(self.batch_shape.as_list(), int32, name="batch_shape")
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The shape of one value, int32."""
        with self._name_scope(name):
            if self.event_shape.is_fully_defined():
                return convert.to_tensor(self.event_shape.as_list(), int32, name="event_shape")
            return self._event_shape_tensor()

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether one value is a scalar."""
        with self._name_scope(name):
            found = _is_scalar(self.event_shape, self.event_shape_tensor)
            return convert.to_tensor(found, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether there is one distribution, without a batch."""
        with self._name_scope(name):
            found = _is_scalar(self.batch_shape, self.batch_shape_tensor)
            return convert.to_tensor(found, name="is_scalar_batch")

    # -- samples -------------------------------------------------------------------------------

    _sample_n = _missing("sample_n")

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Any:
        """Values drawn from each distribution of the batch: [*sample_shape, *batch, *event]."""
        return self._call_sample_n(sample_shape, seed, name)

    def _call_sample_n(self, sample_shape: Any, seed: Any, name: str, **kwargs: Any) -> Tensor:
        with self._name_scope(name, [sample_shape]):
            sample_shape = convert.to_tensor(sample_shape, int32, name="sample_shape")
            sample_shape, count = self._expand_sample_shape_to_vector(sample_shape, "sample_shape")
            samples = self._sample_n(count, seed, **kwargs)
            rest = array.shape(samples)[1:]
            samples = array.Reshape(samples, array_moves.concat([sample_shape, rest], 0))
            return self._set_sample_static_shape(samples, sample_shape)

    def _expand_sample_shape_to_vector(self, x: Tensor, name: str) -> tuple[Tensor, Any]:
        """`x`, a scalar or vector, as a vector, and the product of its elements."""
        known = constant_value(x)
        product = reduce.reduce_prod(x) if known is None else np.prod(known, dtype=np.int32)
        rank = x.shape.ndims
        if rank is None:
            is_scalar = math.Equal(array.rank(x), 0)
            x = array.Reshape(x, pick_vector(is_scalar, np.array([1], np.int32), array.shape(x)))
        elif rank == 0:
            x = (
                array.Reshape(x, [1])
                if known is None
                else convert.to_tensor(known.reshape(1), name=name)
            )
        elif rank != 1:
            raise ValueError("Input is neither scalar nor vector.")
        return x, product

    def _set_sample_static_shape(self, x: Tensor, sample_shape: Tensor) -> Tensor:
        sample = constant_value_as_shape(sample_shape)
        x.set_shape(sample.concatenate(self.batch_shape).concatenate(self.event_shape))
        return x

    # -- probabilities -------------------------------------------------------------------------

    _log_prob = _missing("log_prob")
    _prob = _missing("prob")
    _log_cdf = _missing("log_cdf")
    _cdf = _missing("cdf")
    _log_survival_function = _missing("log_survival_function")
    _survival_function = _missing("survival_function")
    _quantile = _missing("quantile")

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the probability, or of the density, of `value`."""
        return self._call_log_prob(value, name)

    def _call_log_prob(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._log_prob(value, **kwargs),
                lambda: elementary.Log(self._prob(value, **kwargs)),
            )

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The probability, or the density, of `value`."""
        return self._call_prob(value, name)

    def _call_prob(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._prob(value, **kwargs),
                lambda: elementary.Exp(self._log_prob(value, **kwargs)),
            )

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """The logarithm of `cdf`."""
        return self._call_log_cdf(value, name)

    def _call_log_cdf(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._log_cdf(value, **kwargs),
                lambda: elementary.Log(self._cdf(value, **kwargs)),
            )

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """The probability of at most `value`."""
        return self._call_cdf(value, name)

    def _call_cdf(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._cdf(value, **kwargs),
                lambda: elementary.Exp(self._log_cdf(value, **kwargs)),
            )

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Any:
        """The logarithm of `survival_function`."""
        return self._call_log_survival_function(value, name)

    def _call_log_survival_function(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._log_survival_function(value, **kwargs),
                lambda: elementary.Log1p(-self.cdf(value, **kwargs)),
            )

    def survival_function(self, value: Any, name: str = "survival_function") -> Any:
        """The probability of more than `value`."""
        return self._call_survival_function(value, name)

    def _call_survival_function(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return _either(
                lambda: self._survival_function(value, **kwargs),
                lambda: 1.0 - self.cdf(value, **kwargs),
            )

    def quantile(self, value: Any, name: str = "quantile") -> Any:
        """The inverse of `cdf`, of probabilities `value`."""
        return self._call_quantile(value, name)

    def _call_quantile(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._value_scope(name, value) as value:
            return self._quantile(value, **kwargs)

    # -- statistics ----------------------------------------------------------------------------

    _entropy = _missing("entropy")
    _mean = _missing("mean")
    _variance = _missing("variance")
    _stddev = _missing("stddev")
    _covariance = _missing("covariance")
    _mode = _missing("mode")

    def entropy(self, name: str = "entropy") -> Any:
        """The entropy in nats, of shape `batch_shape`."""
        with self._name_scope(name):
            return self._entropy()

    def mean(self, name: str = "mean") -> Any:
        """The mean."""
        with self._name_scope(name):
            return self._mean()

    def variance(self, name: str = "variance") -> Any:
        """The variance of each element of a value."""
        with self._name_scope(name):
            return _either(self._variance, lambda: elementary.Square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviation of each element of a value."""
        with self._name_scope(name):
            return _either(self._stddev, lambda: elementary.Sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Any:
        """The covariances of the elements of a vector: [*batch_shape, k, k]."""
        with self._name_scope(name):
            return self._covariance()

    def mode(self, name: str = "mode") -> Any:
        """The most probable value."""
        with self._name_scope(name):
            return self._mode()

    def cross_entropy(self, other: Any, name: str = "cross_entropy") -> Any:
        """The mean of `-other.log_prob(x)` under this distribution, in nats."""
        with self._name_scope(name):
            return self._cross_entropy(other)

    def _cross_entropy(self, other: Any) -> Any:
        return kullback_leibler.cross_entropy(self, other, self.allow_nan_stats)

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Any:
        """`tf.distributions.kl_divergence(self, other)`."""
        with self._name_scope(name):
            return self._kl_divergence(other)

    def _kl_divergence(self, other: Any) -> Any:
        return kullback_leibler.kl_divergence(self, other, self.allow_nan_stats)

    # -- scopes --------------------------------------------------------------------------------

    @contextmanager
    def _name_scope(self, name: str, values: list[Any] | None = None) -> Iterator[str]:
        """The scope `name` in that of the distribution."""
        values = [*(values or []), *self._graph_parents]
        with (
            scopes.name_scope(self.name, None, self._graph_parents),
            scopes.name_scope(name, None, values) as scope,
        ):
            yield scope

    @contextmanager
    def _value_scope(self, name: str, value: Any) -> Iterator[Tensor]:
        """As `_name_scope`, with `value` made a tensor, of the distribution's type if it can be."""
        with self._name_scope(name, [value]):
            yield convert.to_tensor(value, name="value", preferred_dtype=self.dtype)

    def __str__(self) -> str:
        parts = [f'"{self.name}"']
        for what, shape in (("batch_shape", self.batch_shape), ("event_shape", self.event_shape)):
            if shape.ndims is not None:
                parts.append(f"{what}={shape}")
        return f"tf.distributions.{type(self).__name__}({', '.join([*parts, f'dtype={self.dtype.name}'])})"

    def __repr__(self) -> str:
        return (
            f"<tf.distributions.{type(self).__name__} {self.name!r} "
            f"batch_shape={self.batch_shape} event_shape={self.event_shape} "
            f"dtype={self.dtype.name}>"
        )


def _is_scalar(known: TensorShape, shape: Callable[[], Tensor]) -> Any:
    if known.ndims is not None:
        return known.ndims == 0
    return math.Equal(array.shape(shape())[0], 0)


class ScalarDistribution(Distribution):
    """Distributions of scalars, whose batch is that to which their parameters broadcast."""

    _parameter_names: tuple[str, ...] = ()

    def _batch_parameters(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._parameter_names]

    def _batch_shape_tensor(self) -> Tensor:
        *shapes, last = (array.shape(p) for p in self._batch_parameters())
        for shape in reversed(shapes):
            last = array_broadcast.broadcast_dynamic_shape(shape, last)
        return last

    def _batch_shape(self) -> TensorShape:
        found = TensorShape([])
        for item in self._batch_parameters():
            found = array_broadcast.broadcast_static_shape(found, item.shape)
        return found

    def _event_shape_tensor(self) -> Tensor:
        return convert.constant([], int32)

    def _event_shape(self) -> TensorShape:
        return TensorShape([])

    @classmethod
    def _param_shapes(cls, sample_shape: Any) -> dict[str, Tensor]:
        shape = convert.to_tensor(sample_shape, int32)
        return dict.fromkeys(cls._parameter_names, shape)

    def _sample_shape(self, count: Any) -> Tensor:
        """[count, *batch_shape]."""
        return array_moves.concat([[count], self.batch_shape_tensor()], 0)

    def _nan(self) -> Tensor:
        """NaN for each distribution of the batch."""
        return array.Fill(self.batch_shape_tensor(), self._scalar(np.nan), name="nan")

    def _scalar(self, value: float) -> Any:
        dtype: DType = self.dtype
        return np.array(value, dtype.as_numpy_dtype)


class VectorDistribution(Distribution):
    """Distributions of vectors, with the shapes of a tensor [*batch, k], their `_pattern`."""

    _pattern: Tensor

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._pattern)[:-1]

    def _batch_shape(self) -> TensorShape:
        return self._pattern.shape.with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._pattern)[-1:]

    def _event_shape(self) -> TensorShape:
        return self._pattern.shape.with_rank_at_least(1)[-1:]
