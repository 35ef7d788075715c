"""The categorical distribution: one of k classes."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32, int64
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.distributions.checks import (
    embed_check_categorical_event_shape,
    embed_check_integer_casting_closed,
)
from tf1x.lib.distributions.distribution import NOT_REPARAMETERIZED, Distribution, parameter
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.lib.distributions.util import get_logits_and_probs
from tf1x.ops import array, array_moves, array_select, math, nn_functions, random, reduce
from tf1x.ops.cross_entropy import sparse_softmax_cross_entropy_with_logits


class Categorical(Distribution):
    """A class number from 0 to k - 1, with the probabilities `probs` or `softmax(logits)`.

    Args:
        logits, probs: [..., k]; one of them.
        dtype: of the samples.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits, probs, multidimensional=True, validate_args=validate_args, name=name
            )
            if validate_args:
                self._logits = embed_check_categorical_event_shape(self._logits)
            self._set_sizes(self._logits.shape.with_rank_at_least(1))
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    def _set_sizes(self, known: TensorShape) -> None:
        """Make the batch's rank and shape and the number of classes, constants where known."""
        if known.ndims is not None:
            self._batch_rank = convert.to_tensor(known.ndims - 1, int32, name="batch_rank")
        else:
            with scopes.name_scope("batch_rank"):
                self._batch_rank = array.rank(self._logits) - 1
        shape = array.shape(self._logits, name="logits_shape")
        classes = None if known.ndims is None else known.as_list()[-1]
        if classes is not None:
            self._event_size = convert.to_tensor(classes, int32, name="event_size")
        else:
            with scopes.name_scope("event_size"):
                self._event_size = shape[self._batch_rank]
        batch = known[:-1]
        if batch.is_fully_defined():
            self._batch_shape_val = convert.constant(batch.as_list(), int32, name="batch_shape")
        else:
            with scopes.name_scope("batch_shape"):
                self._batch_shape_val = shape[:-1]

    logits = parameter("logits", "Log-probabilities of the classes, up to a constant.")
    probs = parameter("probs", "The probabilities of the classes.")
    event_size = parameter("event_size", "The number of classes, an int32 scalar.")

    def _batch_shape_tensor(self) -> Tensor:
        return array.identity(self._batch_shape_val)

    def _batch_shape(self) -> TensorShape:
        return self.logits.shape[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return convert.constant([], int32)

    def _event_shape(self) -> TensorShape:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        logits = self.logits
        if logits.shape.ndims != 2:
            logits = array.Reshape(logits, [-1, self.event_size])
        kind = int64 if self.dtype.size > 4 else int32
        draws = random.multinomial(logits, n, seed=seed, output_dtype=kind)
        draws = array_moves.transpose(draws)
        shape = array_moves.concat([[n], self.batch_shape_tensor()], 0)
        return math.cast(array.Reshape(draws, shape), self.dtype)

    def _log_prob(self, k: Any) -> Tensor:
        k, logits = self._broadcast(k, self.logits)
        return -sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _cdf(self, k: Any) -> Tensor:
        k, probs = self._broadcast(k, self.probs)
        rows = array.Reshape(probs, [-1, self.event_size])
        below = array_select.sequence_mask(array.Reshape(k, [-1]), self.event_size)
        kept = array_select.where_v2(below, rows, array.zeros_like(rows))
        return array.Reshape(reduce.reduce_sum(kept, axis=-1), array.shape(k))

    def _broadcast(self, k: Any, params: Tensor) -> tuple[Tensor, Tensor]:
        """Class numbers, and a row of `params` for each.

        Raises:
            TypeError: they are neither integers nor floats.
        """
        k = convert.to_tensor(k, name="k")
        if self.validate_args:
            k = embed_check_integer_casting_closed(k, int32)
        if k.dtype.is_floating:
            k = math.cast(k, int32)
        elif not k.dtype.is_integer:
            raise TypeError(f"`value` should have integer `dtype` or `self.dtype` ({self.dtype})")
        rows = TensorShape(None) if params.shape.ndims is None else params.shape[:-1]
        known = rows.is_fully_defined() and k.shape.is_fully_defined()
        if not (known and rows == k.shape):
            params = params * array.ones_like(k[..., None], dtype=params.dtype)
            k = k * array.ones(array.shape(params)[:-1], k.dtype)
            if params.shape.ndims is not None:
                k.set_shape(params.shape[:-1])
        return k, params

    def _entropy(self) -> Tensor:
        return -reduce.reduce_sum(nn_functions.log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self) -> Tensor:
        mode = math.cast(reduce.argmax(self.logits, axis=self._batch_rank), self.dtype)
        mode.set_shape(self.batch_shape)
        return mode


@RegisterKL(Categorical, Categorical)
def _kl_categorical_categorical(a: Any, b: Any, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        ratio = nn_functions.log_softmax(a.logits) - nn_functions.log_softmax(b.logits)
        return reduce.reduce_sum(nn_functions.softmax(a.logits) * ratio, axis=-1)
