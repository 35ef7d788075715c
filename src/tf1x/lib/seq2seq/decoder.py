"""`Decoder`, and `dynamic_decode`, the loop that runs one until all its sequences have ended."""

from __future__ import annotations

import abc
import contextlib
from typing import Any

from tf1x.core import convert, nest
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.lib.rnn.base import zero_state_tensors
from tf1x.lib.rnn.dynamic import transpose_batch_time
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_select import where
from tf1x.ops.control_flow import while_loop
from tf1x.ops.tensor_array import TensorArray

__all__ = ["Decoder", "dynamic_decode"]


class Decoder(abc.ABC):
    """What `dynamic_decode` needs to know of a decoder.

    Inputs, states and outputs are tensors or nests of them with the batch in front; states may
    hold TensorArrays.
    """

    @property
    def batch_size(self) -> Any:
        """The number of sequences, a scalar int32 tensor or an int."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """Sizes of what a step puts out: an int, a TensorShape, or a nest of them."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """Types of what a step puts out, in the form of `output_size`."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Any:
        """What there is before the first step: (finished, inputs, state).

        `finished` is a bool for each sequence of the batch.
        """

    @abc.abstractmethod
    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """One step: (outputs, next_state, next_inputs, finished); `time` is a scalar int32 tensor."""

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """(outputs, state) made from the outputs of all steps; by default they stay as they are."""
        raise NotImplementedError

    def inputs_at(self, time: Any) -> Any:
        """The inputs of the step at `time`, where it can be told before the steps have run; or None.

        Then the steps depend on one another by their states only, and what they do with the
        inputs can be done for all of them at once.
        """
        return None

    @property
    def tracks_own_finished(self) -> bool:
        """Whether `finished` of a step is the whole truth.

        By default a sequence that has ended once stays so. A decoder whose steps exchange
        sequences, as beam search does, says True and keeps account by itself.
        """
        return False


def dynamic_decode(
    decoder: Decoder,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any, Any]:
    """Run a decoder step by step until all sequences have ended.

    Args:
        output_time_major: return outputs as [time, batch, ...] instead of [batch, time, ...].
        impute_finished: for sequences that have ended, keep the state of their last step and put
            out zeros; otherwise the decoder's steps decide.
        maximum_iterations: a scalar int: at most so many steps.
        scope: the variable scope, or its name; "decoder" by default.
        parallel_iterations, swap_memory: accepted; XLA schedules.

    Returns:
        (outputs, final state, lengths). Lengths count the steps of each sequence, the one that
        ended it included; int32.

    Raises:
        TypeError: `decoder` is not a Decoder.
        ValueError: `maximum_iterations` is not a scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    if kwargs:
        raise TypeError(f"dynamic_decode got unexpected arguments: {', '.join(sorted(kwargs))}")
    with variable_scope(scope, "decoder"):
        limit = None
        if maximum_iterations is not None:
            limit = convert.to_tensor(maximum_iterations, int32, name="maximum_iterations")
            if limit.shape.ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        loop = _Loop(decoder, impute_finished, limit)
        outputs, state, lengths = loop.run(parallel_iterations, swap_memory)
        with contextlib.suppress(NotImplementedError):
            outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
    return outputs, state, lengths


class _Loop:
    """The loop over a decoder's steps."""

    def __init__(self, decoder: Decoder, impute_finished: bool, limit: Tensor | None) -> None:
        self._decoder = decoder
        self._limit = limit
        finished, self._inputs, self._state = decoder.initialize()
        self._zeros: Any = None
        if impute_finished:
            self._zeros = nest.map_structure(
                lambda size, dtype: zero_state_tensors(size, decoder.batch_size, dtype),
                decoder.output_size,
                decoder.output_dtype,
            )
        if limit is not None:
            finished = math_ops.LogicalOr(finished, math_ops.GreaterEqual(0, limit))
        self._finished = finished
        self._lengths = array.zeros_like(finished, dtype=int32)

    def run(self, parallel_iterations: int, swap_memory: bool) -> tuple[Any, Any, Any]:
        """Outputs of all steps, time first; the last state; the lengths."""
        decoder = self._decoder
        arrays = nest.map_structure(self._array, decoder.output_size, decoder.output_dtype)
        start = (
            convert.constant(0, int32),
            arrays,
            self._state,
            self._inputs,
            self._finished,
            self._lengths,
        )
        _, arrays, state, _, _, lengths = while_loop(
            lambda time, arrays, state, inputs, finished, lengths: math_ops.LogicalNot(
                reduce.reduce_all(finished)
            ),
            self._step,
            start,
            parallel_iterations=parallel_iterations,
            maximum_iterations=self._limit,
            swap_memory=swap_memory,
        )
        return nest.map_structure(lambda ta: ta.stack(), arrays), state, lengths

    def _array(self, size: Any, dtype: Any) -> TensorArray:
        shape = TensorShape(None)
        if isinstance(size, TensorShape) and size.ndims:
            batch = constant_value(convert.to_tensor(self._decoder.batch_size, name="batch_size"))
            shape = TensorShape([batch]).concatenate(size)
        return TensorArray(dtype, size=0, dynamic_size=True, element_shape=shape)

    def _step(
        self, time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any
    ) -> tuple[Any, ...]:
        decoder = self._decoder
        known = decoder.inputs_at(time)
        now = inputs if known is None else known
        outputs, new_state, next_inputs, ended = decoder.step(time, now, state)
        if known is not None:
            next_inputs = inputs
        if not decoder.tracks_own_finished:
            ended = math_ops.LogicalOr(ended, finished)
        lengths = where(finished, lengths, array.Fill(array.shape(lengths), time + 1))
        nest.assert_same_structure(state, new_state)
        nest.assert_same_structure(arrays, outputs)
        nest.assert_same_structure(inputs, next_inputs)
        if self._zeros is not None:
            outputs = nest.map_structure(
                lambda out, zero: where(finished, zero, out), outputs, self._zeros
            )
            new_state = nest.map_structure(
                lambda new, old: _kept(finished, new, old), new_state, state
            )
        arrays = nest.map_structure(lambda ta, out: ta.write(time, out), arrays, outputs)
        return time + 1, arrays, new_state, next_inputs, ended, lengths


def _kept(finished: Tensor, new: Any, old: Any) -> Any:
    """The old state of sequences that have ended; TensorArrays and scalars are always new."""
    if isinstance(old, TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else where(finished, old, new)
