"""Batches of distributions taken as one distribution of arrays."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.distributions.distribution import Distribution, parameter
from tf1x.lib.distributions.kullback_leibler import RegisterKL, kl_divergence
from tf1x.ops import array_moves, reduce


class Independent(Distribution):
    """`distribution` with the last dimensions of its batch counted to the event.

    Args:
        reinterpreted_batch_ndims: how many; by default all but the first.

    Raises:
        ValueError: the batch has fewer, or its rank is not known.
    """

    def __init__(
        self,
        distribution: Distribution,
        reinterpreted_batch_ndims: int | None = None,
        validate_args: bool = False,
        name: str | None = None,
    ) -> None:
        parameters = dict(locals())
        name = name or f"Independent{distribution.name}".rstrip("/")
        rank = distribution.batch_shape.ndims
        if rank is None:
            raise ValueError("The rank of the batch must be known.")
        if reinterpreted_batch_ndims is None:
            reinterpreted_batch_ndims = max(0, rank - 1)
        if reinterpreted_batch_ndims > rank:
            raise ValueError(
                f"reinterpreted_batch_ndims({reinterpreted_batch_ndims}) cannot exceed "
                f"distribution.batch_ndims({rank})"
            )
        self._distribution, self._moved = distribution, int(reinterpreted_batch_ndims)
        self._kept = rank - self._moved
        with scopes.name_scope(name) as name:
            pass
        super().__init__(
            distribution.dtype,
            distribution.reparameterization_type,
            validate_args,
            distribution.allow_nan_stats,
            parameters,
            distribution._graph_parents,
            name,
        )

    distribution = parameter("distribution", "The distributions.")
    reinterpreted_batch_ndims = parameter("moved", "How many dimensions count to the event.")

    def _batch_shape(self) -> TensorShape:
        return self.distribution.batch_shape[: self._kept]

    def _batch_shape_tensor(self) -> Tensor:
        return self.distribution.batch_shape_tensor()[: self._kept]

    def _event_shape(self) -> TensorShape:
        batch = self.distribution.batch_shape
        return batch[self._kept :].concatenate(self.distribution.event_shape)

    def _event_shape_tensor(self) -> Tensor:
        batch = self.distribution.batch_shape_tensor()[self._kept :]
        return array_moves.concat([batch, self.distribution.event_shape_tensor()], 0)

    def _sum(self, values: Tensor) -> Tensor:
        if not self._moved:
            return values
        return reduce.reduce_sum(values, list(range(-self._moved, 0)))

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return self.distribution.sample(n, seed)

    def _log_prob(self, x: Any) -> Tensor:
        return self._sum(self.distribution.log_prob(x))

    def _entropy(self) -> Tensor:
        return self._sum(self.distribution.entropy())

    def _mean(self) -> Tensor:
        return self.distribution.mean()

    def _variance(self) -> Tensor:
        return self.distribution.variance()

    def _stddev(self) -> Tensor:
        return self.distribution.stddev()

    def _mode(self) -> Tensor:
        return self.distribution.mode()


@RegisterKL(Independent, Independent)
def _kl_independent(a: Independent, b: Independent, name: str | None = None) -> Tensor:
    if a.event_shape.ndims != b.event_shape.ndims:
        raise ValueError("Event shapes do not match.")
    if a.reinterpreted_batch_ndims != b.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "KL between Independents whose events are made of different parts of the batch."
        )
    with scopes.name_scope(name, "kl_independent"):
        return a._sum(kl_divergence(a.distribution, b.distribution))
