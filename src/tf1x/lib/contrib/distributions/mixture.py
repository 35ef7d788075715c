"""Mixtures of distributions."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.distributions.categorical import Categorical
from tf1x.lib.distributions.distribution import (
    NOT_REPARAMETERIZED,
    Distribution,
    parameter,
)
from tf1x.lib.distributions.util import gen_new_seed
from tf1x.ops import array, array_moves, array_select, elementary, nn_functions, reduce


class Mixture(Distribution):
    """A value of one of the `components`, which `cat` chooses.

    Args:
        cat: a `Categorical` over them, with their batch shape.
        components: distributions with one type, batch shape and event shape.
        use_static_graph: accepted; the graph is always static.

    Raises:
        TypeError: `cat` is no Categorical, or the components are no distributions of one type.
        ValueError: there are no components, or their shapes or number do not fit.
    """

    def __init__(
        self,
        cat: Any,
        components: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        use_static_graph: bool = False,
        name: str = "Mixture",
    ) -> None:
        parameters = dict(locals())
        if not isinstance(cat, Categorical):
            raise TypeError(f"cat must be a Categorical distribution, but saw: {cat}")
        components = list(components or [])
        if not components:
            raise ValueError("components must be a non-empty list or tuple")
        if not all(isinstance(c, Distribution) for c in components):
            raise TypeError(
                f"all entries in components must be Distribution instances but saw: {components}"
            )
        dtype = components[0].dtype
        if any(c.dtype != dtype for c in components):
            raise TypeError(f"All components must have the same dtype, but saw {components}")
        batch, event = TensorShape(None), TensorShape(None)
        for part in [cat, *components]:
            batch = batch.merge_with(part.batch_shape)
        for part in components:
            event = event.merge_with(part.event_shape)
        shape = cat.logits.shape
        classes = None if shape.ndims is None else shape.as_list()[-1]
        if classes not in (None, len(components)):
            raise ValueError(f"cat has {classes} classes for {len(components)} components.")
        if event.ndims is None:
            raise ValueError("Expected to know rank(event_shape) from components.")
        with scopes.name_scope(name, None, [cat.logits]) as name:
            pass
        self._cat, self._components = cat, components
        self._known_batch, self._known_event = batch, event
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [cat.logits, *(t for c in components for t in c._graph_parents)],
            name,
        )

    cat = parameter("cat", "What chooses a component.")
    components = parameter("components", "The distributions to choose from.")

    @property
    def num_components(self) -> int:
        """How many components there are."""
        return len(self._components)

    def _batch_shape(self) -> TensorShape:
        return self._known_batch

    def _batch_shape_tensor(self) -> Tensor:
        return self.cat.batch_shape_tensor()

    def _event_shape(self) -> TensorShape:
        return self._known_event

    def _event_shape_tensor(self) -> Tensor:
        return self.components[0].event_shape_tensor()

    def _events(self) -> int:
        ndims = self._known_event.ndims
        assert ndims is not None
        return ndims

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        chosen = self.cat.sample(n, seed)
        samples = []
        for component in self.components:
            seed = gen_new_seed(seed, "mixture")
            samples.append(component.sample(n, seed))
        stacked = array_moves.stack(samples, -1 - self._events())
        return _chosen(stacked, chosen, self.num_components, self._events())

    def _weighted(self, values: list[Tensor]) -> Tensor:
        """The values of the components, [*batch, *event], weighted with their probabilities."""
        total = None
        for i, value in enumerate(values):
            weight = _with_events(self.cat.probs[..., i], self._events())
            total = weight * value if total is None else total + weight * value
        assert total is not None
        return total

    def _mean(self) -> Tensor:
        return self._weighted([c.mean() for c in self.components])

    def _variance(self) -> Tensor:
        squares = [c.variance() + elementary.Square(c.mean()) for c in self.components]
        return self._weighted(squares) - elementary.Square(self._mean())

    def _log_prob(self, x: Any) -> Tensor:
        return self._log_sum([c.log_prob(x) for c in self.components])

    def _log_cdf(self, x: Any) -> Tensor:
        return self._log_sum([c.log_cdf(x) for c in self.components])

    def _prob(self, x: Any) -> Tensor:
        prob: Tensor = elementary.Exp(self._log_prob(x))
        return prob

    def _cdf(self, x: Any) -> Tensor:
        values = [c.cdf(x) for c in self.components]
        weighted = [self.cat.probs[..., i] * value for i, value in enumerate(values)]
        return reduce.reduce_sum(array_moves.stack(weighted), 0)

    def _log_sum(self, logs: list[Tensor]) -> Tensor:
        weights = nn_functions.log_softmax(self.cat.logits)
        terms = [weights[..., i] + log for i, log in enumerate(logs)]
        return reduce.reduce_logsumexp(array_moves.stack(terms), axis=[0])

    def entropy_lower_bound(self, name: str = "entropy_lower_bound") -> Tensor:
        """The weighted entropies of the components; the mixture's is at least that."""
        with self._name_scope(name):
            entropies = [c.entropy() for c in self.components]
            weighted = [self.cat.probs[..., i] * e for i, e in enumerate(entropies)]
            return reduce.reduce_sum(array_moves.stack(weighted), 0)


def _with_events(x: Tensor, events: int) -> Tensor:
    """`x` with dimensions of size 1 for those of an event."""
    for _ in range(events):
        x = x[..., None]
    return x


def _chosen(values: Tensor, indices: Tensor, count: int, events: int) -> Tensor:
    """One of the `count` values along the dimension before those of an event."""
    mask = _with_events(array_select.one_hot(indices, count, True, False), events)
    kept = array_select.where_v2(mask, values, array.zeros_like(values))
    return reduce.reduce_sum(kept, -1 - events)


class MixtureSameFamily(Distribution):
    """A value of one of a batch of distributions, which a `Categorical` chooses.

    Args:
        mixture_distribution: over the last dimension of the batch of `components_distribution`.

    Raises:
        ValueError: it is no distribution over scalar integers, or the sizes do not fit.
    """

    def __init__(
        self,
        mixture_distribution: Any,
        components_distribution: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MixtureSameFamily",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name) as name:
            self._mixture = mixture_distribution
            self._components = components_distribution
            batch = components_distribution.batch_shape
            event = components_distribution.event_shape
            if not mixture_distribution.dtype.is_integer:
                raise ValueError(
                    "`mixture_distribution.dtype` is not over integers: "
                    f"{mixture_distribution.dtype.name}"
                )
            if mixture_distribution.event_shape.ndims not in (None, 0):
                raise ValueError("`mixture_distribution` must have scalar `event_dim`s")
            if batch.ndims is None or event.ndims is None:
                raise ValueError("The ranks of `components_distribution` must be known.")
            if not batch.ndims:
                raise ValueError("`components_distribution` must have a batch to choose from.")
            sizes = batch.as_list()[-1], mixture_distribution.logits.shape[-1].value
            if None not in sizes and sizes[0] != sizes[1]:
                raise ValueError(
                    f"`mixture_distribution components` ({sizes[1]}) does not equal "
                    f"`components_distribution.batch_shape[-1]` ({sizes[0]})"
                )
            own = mixture_distribution.batch_shape
            if own.ndims != 0 and not own.is_compatible_with(batch[:-1]):
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({own}) is not compatible with "
                    f"`components_distribution.batch_shape` ({batch[:-1]})"
                )
            self._events = event.ndims
            self._count = array.shape(mixture_distribution.logits)[-1]
        super().__init__(
            components_distribution.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            mixture_distribution._graph_parents + components_distribution._graph_parents,
            name,
        )

    mixture_distribution = parameter("mixture", "What chooses a component.")
    components_distribution = parameter("components", "The distributions to choose from.")

    def _batch_shape(self) -> TensorShape:
        return self.components_distribution.batch_shape[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return self.components_distribution.batch_shape_tensor()[:-1]

    def _event_shape(self) -> TensorShape:
        return self.components_distribution.event_shape

    def _event_shape_tensor(self) -> Tensor:
        return self.components_distribution.event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        values = self.components_distribution.sample(n, seed)
        chosen = self.mixture_distribution.sample(n, gen_new_seed(seed, "mixture_same_family"))
        batch = array_moves.concat([[n], self.batch_shape_tensor()], 0)
        chosen = chosen + array.zeros(batch, chosen.dtype)
        return _chosen(values, chosen, self._count, self._events)

    def _for_each(self, x: Any) -> Tensor:
        """`x` with a dimension for the components."""
        return array.expand_dims(x, -1 - self._events)

    def _weighted(self, values: Tensor) -> Tensor:
        weights = _with_events(self.mixture_distribution.probs, self._events)
        return reduce.reduce_sum(weights * values, -1 - self._events)

    def _log_prob(self, x: Any) -> Tensor:
        logs = self.components_distribution.log_prob(self._for_each(x))
        weights = nn_functions.log_softmax(self.mixture_distribution.logits)
        return reduce.reduce_logsumexp(logs + weights, axis=-1)

    def _log_cdf(self, x: Any) -> Tensor:
        logs = self.components_distribution.log_cdf(self._for_each(x))
        weights = nn_functions.log_softmax(self.mixture_distribution.logits)
        return reduce.reduce_logsumexp(logs + weights, axis=-1)

    def _mean(self) -> Tensor:
        return self._weighted(self.components_distribution.mean())

    def _variance(self) -> Tensor:
        within = self._weighted(self.components_distribution.variance())
        return within + self._weighted(elementary.Square(self._distances()))

    def _covariance(self) -> Tensor:
        if self._events != 1:
            raise NotImplementedError("covariance is only implemented when event_ndims=1.")
        weights = self.mixture_distribution.probs[..., None, None]
        far = self._distances()
        outer = far[..., None] * far[..., None, :]
        return reduce.reduce_sum(weights * (self.components_distribution.covariance() + outer), -3)

    def _distances(self) -> Tensor:
        return self.components_distribution.mean() - self._for_each(self._mean())
