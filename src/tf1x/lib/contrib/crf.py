"""`tf.contrib.crf`: linear-chain conditional random fields over sequences of tags."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32, int64
from tf1x.core.operation import Tensor
from tf1x.lib.rnn.base import RNNCell
from tf1x.lib.rnn.dynamic import dynamic_rnn
from tf1x.lib.variable_scope import get_variable
from tf1x.ops.array import expand_dims, shape, squeeze
from tf1x.ops.array_gather import gather_nd
from tf1x.ops.array_moves import concat, reverse_sequence, stack
from tf1x.ops.array_select import one_hot, sequence_mask
from tf1x.ops.math import Maximum, cast
from tf1x.ops.reduce import argmax, reduce_logsumexp, reduce_max, reduce_sum


def _lengths(sequence_lengths: Any) -> Tensor:
    return cast(convert.to_tensor(sequence_lengths), int64)


def crf_sequence_score(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any
) -> Tensor:
    """The unnormalized score [batch] of a sequence of tags.

    Args:
        inputs: scores of the tags, [batch, time, tags].
        tag_indices: [batch, time].
        transition_params: scores of one tag after another, [tags, tags].
    """
    unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
    return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> Tensor:
    """The score [batch] of all sequences that the bits [batch, time, tags] allow, summed up."""
    inputs = convert.to_tensor(inputs)
    allowed = cast(convert.to_tensor(tag_bitmap), inputs.dtype)
    # What is not allowed gets a score that no sum notices.
    forbidden = (1.0 - allowed) * inputs.dtype.as_numpy_dtype(-1e30)
    return crf_log_norm(inputs + forbidden, sequence_lengths, transition_params)


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Tensor:
    """The sum [batch] of the scores of each place's tag."""
    inputs = convert.to_tensor(inputs)
    tags = one_hot(convert.to_tensor(tag_indices), shape(inputs)[2], dtype=inputs.dtype)  # type: ignore[index]
    mask = sequence_mask(_lengths(sequence_lengths), shape(inputs)[1], dtype=inputs.dtype)  # type: ignore[index]
    return reduce_sum(reduce_sum(inputs * tags, [2]) * mask, 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The sum [batch] of the scores of each tag after the one before it."""

    tags = convert.to_tensor(tag_indices)
    transitions = convert.to_tensor(transition_params)
    pairs = stack([tags[:, :-1], tags[:, 1:]], 2)
    scores = gather_nd(transitions, pairs)
    steps = Maximum(_lengths(sequence_lengths) - 1, convert.to_tensor(0, int64))
    mask = sequence_mask(steps, shape(scores)[1], dtype=transitions.dtype)  # type: ignore[index]
    return reduce_sum(scores * mask, 1)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The logarithm [batch] of the sum over all sequences of tags; 0 for empty sequences."""
    inputs = convert.to_tensor(inputs)
    first, rest = inputs[:, 0], inputs[:, 1:]
    lengths = _lengths(sequence_lengths)
    steps = Maximum(lengths - 1, convert.to_tensor(0, int64))
    cell = CrfForwardRnnCell(transition_params)
    _, alphas = dynamic_rnn(
        cell, rest, sequence_length=steps, initial_state=first, dtype=inputs.dtype
    )
    return reduce_logsumexp(alphas, [1]) * cast(lengths > 0, inputs.dtype)


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[Tensor, Any]:
    """The log likelihood [batch] of sequences of tags, and the transition parameters.

    Args:
        inputs: scores of the tags, [batch, time, tags].
        tag_indices: the tags, [batch, time].
        transition_params: [tags, tags]; by default the variable "transitions".
    """
    inputs = convert.to_tensor(inputs)
    if transition_params is None:
        count = inputs.shape[2].value
        transition_params = get_variable("transitions", [count, count])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


class CrfForwardRnnCell(RNNCell):
    """One step forward: for each tag the logarithm of the sum over what may stand before it."""

    def __init__(self, transition_params: Any) -> None:
        super().__init__(name="CrfForwardRnnCell")
        self._transition_params = expand_dims(transition_params, 0)
        self._num_tags = self._transition_params.shape[2].value

    @property
    def state_size(self) -> Any:
        return self._num_tags

    @property
    def output_size(self) -> Any:
        return self._num_tags

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        scores = expand_dims(state, 2) + self._transition_params
        alphas = inputs + reduce_logsumexp(scores, [1])
        return alphas, alphas


class CrfDecodeForwardRnnCell(RNNCell):
    """One step forward: for each tag the best score, and from which tag it comes."""

    def __init__(self, transition_params: Any) -> None:
        super().__init__(name="CrfDecodeForwardRnnCell")
        self._transition_params = expand_dims(transition_params, 0)
        self._num_tags = self._transition_params.shape[2].value

    @property
    def state_size(self) -> Any:
        return self._num_tags

    @property
    def output_size(self) -> Any:
        return self._num_tags

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        scores = expand_dims(state, 2) + self._transition_params
        pointers = cast(argmax(scores, 1), int32)
        return pointers, inputs + reduce_max(scores, [1])


class CrfDecodeBackwardRnnCell(RNNCell):
    """One step back along the pointers; state and output are the tag, [batch, 1]."""

    def __init__(self, num_tags: int) -> None:
        super().__init__(name="CrfDecodeBackwardRnnCell")
        self._num_tags = num_tags

    @property
    def state_size(self) -> Any:
        return 1

    @property
    def output_size(self) -> Any:
        return 1

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        chosen = one_hot(squeeze(state, [1]), self._num_tags, dtype=int32)
        tag = expand_dims(reduce_sum(inputs * chosen, 1), 1)
        return tag, tag


def crf_decode(
    potentials: Any, transition_params: Any, sequence_length: Any
) -> tuple[Tensor, Tensor]:
    """The best tags [batch, time] (0 after a sequence's end) and their scores [batch].

    Args:
        potentials: scores of the tags, [batch, time, tags].
    """
    potentials = convert.to_tensor(potentials)
    count = potentials.shape[2].value
    lengths = _lengths(sequence_length)
    steps = Maximum(lengths - 1, convert.to_tensor(0, int64))
    with scopes.name_scope("crf_decode"):
        pointers, last = dynamic_rnn(
            CrfDecodeForwardRnnCell(transition_params),
            potentials[:, 1:],
            sequence_length=steps,
            initial_state=potentials[:, 0],
            dtype=int32,  # of the outputs
            scope="crf_fwd",
        )
        back = reverse_sequence(pointers, steps, seq_axis=1, batch_axis=0)
        end = expand_dims(cast(argmax(last, 1), int32), 1)
        tags, _ = dynamic_rnn(
            CrfDecodeBackwardRnnCell(count),
            back,
            sequence_length=steps,
            initial_state=end,
            dtype=int32,
            scope="crf_bwd",
        )
        path = concat([end, squeeze(tags, [2])], 1)
        found = reverse_sequence(path, Maximum(lengths, 1), seq_axis=1, batch_axis=0)
        return found, reduce_max(last, [1])


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[int], Any]:
    """The best tags of one sequence and their score, in NumPy.

    Args:
        score: scores of the tags, [time, tags].
    """
    score, transitions = np.asarray(score), np.asarray(transition_params)
    best = score[0]
    pointers = []
    for row in score[1:]:
        candidates = best[:, None] + transitions
        pointers.append(np.argmax(candidates, 0))
        best = row + np.max(candidates, 0)
    path = [int(np.argmax(best))]
    for pointer in reversed(pointers):
        path.append(int(pointer[path[-1]]))
    return path[::-1], np.max(best)
