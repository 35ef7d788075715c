"""Attention that never goes back (Raffel et al. 2017, "Online and linear-time attention")."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.lib.initializers import Constant
from tf1x.lib.seq2seq.attention import (
    _BaseAttentionMechanism,
    bahdanau_score,
    dense,
    luong_score,
)
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, random, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, transpose
from tf1x.ops.array_select import one_hot
from tf1x.ops.map_functions import scan
from tf1x.ops.math_functions import clip_by_value

__all__ = [
    "BahdanauMonotonicAttention",
    "LuongMonotonicAttention",
    "monotonic_attention",
    "safe_cumprod",
]


def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Tensor:
    """`tf.cumprod` of numbers in [0, 1], as the exponential of a sum of logarithms.

    Numbers below the smallest normal float count as that one, so gradients stay finite.

    Args:
        args, kwargs: those of `tf.cumsum`.
    """
    with scopes.name_scope(None, "SafeCumprod", [x]):
        x = convert.to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        logs = math_ops.Log(clip_by_value(x, tiny, 1))
        product: Tensor = math_ops.Exp(reduce.cumsum(logs, *args, **kwargs))
        return product


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Tensor:
    """The probabilities that the attention of this step ends at each place.

    From where it was it goes on to the right, and stops at place i with probability
    `p_choose_i[:, i]`.

    Args:
        p_choose_i: [batch, places], in [0, 1].
        previous_attention: the probabilities after the last step, [batch, places].
        mode: "recursive" (exact, a loop over the places), "parallel" (cumulative sums and
            products, inexact where probabilities are near 0 or 1 or places are many), or "hard"
            (for probabilities that are all 0 or 1).

    Raises:
        ValueError: another mode.
    """
    chosen = convert.to_tensor(p_choose_i, name="p_choose_i")
    before = convert.to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        return _recursive(chosen, before)
    if mode == "parallel":
        passed = safe_cumprod(1 - chosen, axis=1, exclusive=True)
        reached = reduce.cumsum(before / clip_by_value(passed, 1e-10, 1.0), axis=1)
        result: Tensor = chosen * passed * reached
        return result
    if mode == "hard":
        allowed = chosen * reduce.cumsum(before, axis=1)
        first: Tensor = allowed * reduce.cumprod(1 - allowed, axis=1, exclusive=True)
        return first
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


def _recursive(chosen: Tensor, before: Tensor) -> Tensor:
    """Place by place: whoever passed the last place, or starts at this one, stands before it."""
    batch = chosen.shape[0].value or array.shape(chosen)[0]
    passed = concat([array.ones([batch, 1], chosen.dtype), 1 - chosen[:, :-1]], 1)

    def step(reached: Tensor, place: Any) -> Tensor:
        # The shape of one place may be less known than that of the first value.
        return array.reshape(place[0] * reached + place[1], [batch])

    start = array.zeros([batch], chosen.dtype)
    reached = scan(step, [transpose(passed), transpose(before)], start)
    result: Tensor = chosen * transpose(reached)
    return result


def _probability_fn(
    score: Tensor, state: Any, sigmoid_noise: float, mode: str, seed: int | None
) -> Tensor:
    """Alignments by scores: whether to stop is decided by their sigmoid, or in "hard" their sign."""
    if sigmoid_noise > 0:
        noise = random.random_normal(array.shape(score), dtype=score.dtype, seed=seed)
        score = score + sigmoid_noise * noise
    if mode == "hard":
        chosen = math_ops.cast(math_ops.Greater(score, array.zeros_like(score)), score.dtype)
    else:
        chosen = math_ops.Sigmoid(score)
    return monotonic_attention(chosen, state, mode)


class _MonotonicAttention(_BaseAttentionMechanism):
    """Base of both: the attention starts at the first place, and scores get a bias."""

    def __init__(
        self,
        query_layer: Any,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any,
        score_mask_value: Any,
        sigmoid_noise: float,
        sigmoid_noise_seed: int | None,
        score_bias_init: float,
        mode: str,
        dtype: Any,
        name: str,
    ) -> None:
        super().__init__(
            query_layer=query_layer,
            memory=memory,
            probability_fn=functools.partial(
                _probability_fn, sigmoid_noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed
            ),
            memory_sequence_length=memory_sequence_length,
            memory_layer=dense(num_units, "memory_layer", dtype),
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._score_bias_init = score_bias_init
        self._name = name

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Tensor:
        first = array.zeros([batch_size], int32)
        return one_hot(first, self._alignments_size, dtype=dtype)

    def _biased(self, score: Tensor) -> Tensor:
        dtype = score.dtype.base_dtype
        start = Constant(self._score_bias_init, dtype=dtype)
        biased: Tensor = score + get_variable("attention_score_bias", (), dtype, initializer=start)
        return biased


class BahdanauMonotonicAttention(_MonotonicAttention):
    """Monotonic attention with the scores of `BahdanauAttention`, and a bias.

    Args:
        num_units, memory, memory_sequence_length, normalize, score_mask_value, dtype: as those of
            `BahdanauAttention`.
        sigmoid_noise: standard deviation of noise that is added to the scores; in training it
            drives them away from 0.
        sigmoid_noise_seed: of that noise.
        score_bias_init: first value of the bias; negative values suit long memories.
        mode: that of `monotonic_attention`.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "BahdanauMonotonicAttention",
    ) -> None:
        super().__init__(
            dense(num_units, "query_layer", dtype), num_units, memory, memory_sequence_length,
            score_mask_value, sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode, dtype, name,
        )  # fmt: skip
        self._normalize = normalize

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """(alignments [batch, time], next state, which is the same)."""
        with variable_scope(None, "bahdanau_monotonic_attention", [query]):
            processed = self.query_layer(query) if self.query_layer else query
            score = bahdanau_score(processed, self._keys, self._num_units, self._normalize)
            score = self._biased(score)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class LuongMonotonicAttention(_MonotonicAttention):
    """Monotonic attention with the scores of `LuongAttention`, and a bias.

    Args:
        num_units, memory, memory_sequence_length, scale, score_mask_value, dtype: as those of
            `LuongAttention`.
        sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode: as those of
            `BahdanauMonotonicAttention`.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "LuongMonotonicAttention",
    ) -> None:
        super().__init__(
            None, num_units, memory, memory_sequence_length,
            score_mask_value, sigmoid_noise, sigmoid_noise_seed, score_bias_init, mode, dtype, name,
        )  # fmt: skip
        self._scale = scale

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """(alignments [batch, time], next state, which is the same)."""
        with variable_scope(None, "luong_monotonic_attention", [query]):
            score = self._biased(luong_score(query, self._keys, self._scale))
        alignments = self._probability_fn(score, state)
        return alignments, alignments
