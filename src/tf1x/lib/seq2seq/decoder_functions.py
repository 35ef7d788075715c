"""The decoders of TensorFlow 1.0: `dynamic_rnn_decoder`, and the functions that steer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import DType, bool_, float32, int32
from tf1x.core.operation import Tensor
from tf1x.lib.initializers import GlorotUniform
from tf1x.lib.rnn.dynamic import transpose_batch_time
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.lib.rnn.raw import raw_rnn
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, nn_functions, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_gather import gather
from tf1x.ops.array_moves import concat
from tf1x.ops.array_select import where
from tf1x.ops.einsum import tensordot
from tf1x.ops.matmul import matmul
from tf1x.ops.tensor_array import TensorArray

__all__ = [
    "attention_decoder_fn_inference",
    "attention_decoder_fn_train",
    "dynamic_rnn_decoder",
    "prepare_attention",
    "simple_decoder_fn_inference",
    "simple_decoder_fn_train",
]

# Takes (time, cell state, cell input, cell output, context state), gives (done, next state, next
# input, what is put out, next context state); state and output are None in the first call.
DecoderFunction = Callable[[Any, Any, Any, Any, Any], tuple[Any, Any, Any, Any, Any]]


def dynamic_rnn_decoder(
    cell: Any,
    decoder_fn: DecoderFunction,
    inputs: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
    name: str | None = None,
) -> tuple[Tensor, Any, Any]:
    """Run a cell for as long as a decoder function leaves a sequence unfinished.

    Args:
        cell: an RNNCell.
        decoder_fn: one of this module's, or your own.
        inputs: in training the inputs [batch, time, depth]; None in inference.
        sequence_length: in training how many steps of each sequence count; all by default.
        time_major: whether inputs and outputs are [time, batch, ...].
        scope: variable scope of the cell's variables, "rnn" by default.
        parallel_iterations, swap_memory: accepted; XLA schedules.

    Returns:
        Outputs of all steps, final state, final context state.

    Raises:
        ValueError: inputs of rank below 3, or of unknown depth.
    """
    with scopes.name_scope(name, "dynamic_rnn_decoder"):
        steps = None if inputs is None else _Steps(inputs, sequence_length, time_major)

        def loop_fn(time: Any, output: Any, state: Any, loop_state: Any) -> Any:
            context = loop_state[1] if isinstance(loop_state, tuple) else None
            given = None if steps is None else steps.read(time, first=state is None)
            done, next_state, next_input, emit, context = decoder_fn(
                time, state, given, output, context
            )
            if done is None:
                if steps is None:
                    raise ValueError("decoder_fn returned no `done`, and there are no inputs.")
                done = math_ops.GreaterEqual(time, steps.lengths)
            return done, next_input, next_state, emit, done if context is None else (done, context)

        arrays, state, loop_state = raw_rnn(cell, loop_fn, parallel_iterations, swap_memory, scope)
        outputs = nest.map_structure(lambda ta: ta.stack(), arrays)
        if not time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
    return outputs, state, loop_state[1] if isinstance(loop_state, tuple) else None


class _Steps:
    """The steps of the inputs, and zeros after the last one."""

    def __init__(self, inputs: Any, lengths: Any, time_major: bool) -> None:
        values = convert.to_tensor(inputs)
        if values.shape.ndims is not None and values.shape.ndims < 3:
            raise ValueError("Inputs must have at least three dimensions")
        if values.shape[-1].value is None:
            raise ValueError("Inputs must not be `None` in the feature (3'rd) dimension")
        if not time_major:
            values = transpose_batch_time(values)
        self._count = array.shape(values)[0]
        batch = values.shape[1].value or array.shape(values)[1]
        self._zeros = array.zeros([batch, values.shape[2].value], values.dtype)
        array_ = TensorArray(values.dtype, size=self._count, element_shape=values.shape[1:])
        self._array = array_.unstack(values)
        self.lengths = array.Fill([batch], self._count) if lengths is None else lengths

    def read(self, time: Any, first: bool) -> Tensor:
        if first:
            return self._array.read(0)
        step = self._array.read(math_ops.Minimum(time, self._count - 1))
        return where(math_ops.Less(time, self._count), step, self._zeros)


# -- decoder functions ---------------------------------------------------------------------------


def simple_decoder_fn_train(encoder_state: Any, name: str | None = None) -> DecoderFunction:
    """For training: starts with the encoder's state, and passes inputs and outputs on."""

    def decoder_fn(
        time: Any, cell_state: Any, cell_input: Any, cell_output: Any, context_state: Any
    ) -> tuple[Any, Any, Any, Any, Any]:
        state = encoder_state if cell_state is None else cell_state
        return None, state, cell_input, cell_output, context_state

    return decoder_fn


def attention_decoder_fn_train(
    encoder_state: Any,
    attention_keys: Any,
    attention_values: Any,
    attention_score_fn: Any,
    attention_construct_fn: Callable[..., Any],
    name: str | None = None,
) -> DecoderFunction:
    """As `simple_decoder_fn_train`, with attention: outputs become attention, and go beside inputs.

    Args:
        attention_keys, attention_values, attention_score_fn, attention_construct_fn: what
            `prepare_attention` returns.
    """

    def decoder_fn(
        time: Any, cell_state: Any, cell_input: Any, cell_output: Any, context_state: Any
    ) -> tuple[Any, Any, Any, Any, Any]:
        with scopes.name_scope(name, "attention_decoder_fn_train"):
            if cell_state is None:
                cell_state, attention = encoder_state, _no_attention(encoder_state)
            else:
                attention = attention_construct_fn(cell_output, attention_keys, attention_values)
                cell_output = attention
            next_input = concat([cell_input, attention], 1)
        return None, cell_state, next_input, cell_output, context_state

    return decoder_fn


def simple_decoder_fn_inference(
    output_fn: Callable[[Any], Any] | None,
    encoder_state: Any,
    embeddings: Any,
    start_of_sequence_id: Any,
    end_of_sequence_id: Any,
    maximum_length: Any,
    num_decoder_symbols: int,
    dtype: DType = int32,
    name: str | None = None,
) -> DecoderFunction:
    """For inference: the next input is the embedding of the most probable id.

    Args:
        output_fn: makes logits of the cell's outputs; None: they are logits.
        encoder_state: the first state.
        embeddings: a table [symbols, depth].
        start_of_sequence_id, end_of_sequence_id: the first id, and the one that ends a sequence.
        maximum_length: at most so many steps after the first.
        num_decoder_symbols: number of logits.
        dtype: of ids.
    """
    greedy = _Greedy(
        output_fn, encoder_state, embeddings, start_of_sequence_id, end_of_sequence_id,
        maximum_length, num_decoder_symbols, dtype,
    )  # fmt: skip

    def decoder_fn(
        time: Any, cell_state: Any, cell_input: Any, cell_output: Any, context_state: Any
    ) -> tuple[Any, Any, Any, Any, Any]:
        with scopes.name_scope(name, "simple_decoder_fn_inference"):
            done, next_input, output = greedy.step(time, cell_input, cell_output)
        state = encoder_state if cell_output is None else cell_state
        return done, state, next_input, output, context_state

    return decoder_fn


def attention_decoder_fn_inference(
    output_fn: Callable[[Any], Any] | None,
    encoder_state: Any,
    attention_keys: Any,
    attention_values: Any,
    attention_score_fn: Any,
    attention_construct_fn: Callable[..., Any],
    embeddings: Any,
    start_of_sequence_id: Any,
    end_of_sequence_id: Any,
    maximum_length: Any,
    num_decoder_symbols: int,
    dtype: DType = int32,
    name: str | None = None,
) -> DecoderFunction:
    """As `simple_decoder_fn_inference`, with the attention of `attention_decoder_fn_train`."""
    greedy = _Greedy(
        output_fn, encoder_state, embeddings, start_of_sequence_id, end_of_sequence_id,
        maximum_length, num_decoder_symbols, dtype,
    )  # fmt: skip

    def decoder_fn(
        time: Any, cell_state: Any, cell_input: Any, cell_output: Any, context_state: Any
    ) -> tuple[Any, Any, Any, Any, Any]:
        with scopes.name_scope(name, "attention_decoder_fn_inference"):
            if cell_output is None:
                cell_state, attention = encoder_state, _no_attention(encoder_state)
                done, embedded, output = greedy.step(time, cell_input, None)
            else:
                attention = attention_construct_fn(cell_output, attention_keys, attention_values)
                done, embedded, output = greedy.step(time, cell_input, attention)
            next_input = concat([embedded, attention], 1)
        return done, cell_state, next_input, output, context_state

    return decoder_fn


class _Greedy:
    """Takes the most probable id in each step."""

    def __init__(
        self,
        output_fn: Callable[[Any], Any] | None,
        encoder_state: Any,
        embeddings: Any,
        start: Any,
        end: Any,
        maximum_length: Any,
        symbols: int,
        dtype: DType,
    ) -> None:
        self._output_fn = output_fn
        self._embeddings = embeddings
        self._start = convert.to_tensor(start, dtype)
        self._end = convert.to_tensor(end, dtype)
        self._longest = convert.to_tensor(maximum_length, dtype)
        self._symbols = symbols
        self._dtype = dtype
        first = nest.flatten(encoder_state)[0]
        self._batch = first.shape[0].value or array.shape(first)[0]

    def step(self, time: Any, given: Any, output: Any) -> tuple[Any, Any, Any]:
        """(done, embedding of the next ids, what is put out).

        Raises:
            ValueError: inputs are given.
        """
        if given is not None:
            raise ValueError(f"Expected cell_input to be None, but saw: {given}")
        if output is None:
            ids = array.ones([self._batch], self._dtype) * self._start
            done = array.zeros([self._batch], bool_)
            output = array.zeros([self._symbols], float32)
        else:
            if self._output_fn is not None:
                output = self._output_fn(output)
            ids = math_ops.cast(reduce.argmax(output, 1), self._dtype)
            done = math_ops.Equal(ids, self._end)
        over = math_ops.Greater(math_ops.cast(time, self._dtype), self._longest)
        return math_ops.LogicalOr(done, over), gather(self._embeddings, ids), output


# -- attention -----------------------------------------------------------------------------------


def prepare_attention(
    attention_states: Any, attention_option: str, num_units: int, reuse: Any = False
) -> tuple[Tensor, Any, Callable[..., Any], Callable[..., Any]]:
    """Keys, values, and the functions that make scores and attention.

    Args:
        attention_states: the memory [batch, time, num_units].
        attention_option: "luong" (multiplicative) or "bahdanau" (additive).
        num_units: depth of states and keys.
        reuse: whether the variables exist already.

    Raises:
        ValueError: another option.
    """
    if attention_option not in ("bahdanau", "luong"):
        raise ValueError(f"Unknown attention option {attention_option}!")
    with variable_scope("attention_keys", reuse=reuse):
        depth = attention_states.shape[-1].value
        weights = get_variable("weights", [depth, num_units], initializer=GlorotUniform())
        keys = tensordot(attention_states, weights, [[2], [0]])
        keys.set_shape(attention_states.shape[:-1].concatenate(num_units))
    score = _score_function(num_units, attention_option, reuse)
    with variable_scope("attention_construct", reuse=reuse) as scope:
        pass

    def construct(query: Any, keys: Any, values: Any) -> Tensor:
        joined = concat([query, score(query, keys, values)], 1)
        with variable_scope(scope):
            shape = [joined.shape[1].value, num_units]
            weights = get_variable("weights", shape, initializer=GlorotUniform())
        return matmul(joined, weights)

    return keys, attention_states, score, construct


def _score_function(num_units: int, option: str, reuse: Any) -> Callable[..., Any]:
    """A function of (query, keys, values) that gives the context, [batch, num_units]."""
    query_weights = vector = None
    with variable_scope("attention_score", reuse=reuse):
        if option == "bahdanau":
            query_weights = get_variable("attnW", [num_units, num_units], float32)
            vector = get_variable("attnV", [num_units], float32)

    def score(query: Any, keys: Any, values: Any) -> Tensor:
        if query_weights is not None:
            row = array.reshape(matmul(query, query_weights), [-1, 1, num_units])
            scores = reduce.reduce_sum(vector * math_ops.Tanh(keys + row), [2])
        else:
            scores = reduce.reduce_sum(keys * array.reshape(query, [-1, 1, num_units]), [2])
        alignments = array.expand_dims(nn_functions.softmax(scores), 2)
        context = reduce.reduce_sum(alignments * values, [1])
        context.set_shape([None, num_units])
        return context

    return score


def _no_attention(encoder_state: Any) -> Tensor:
    """Zeros like the output that belongs to a state."""
    top = encoder_state
    if isinstance(top, tuple) and not isinstance(top, LSTMStateTuple):
        top = top[-1]
    return array.zeros_like(top.h if isinstance(top, LSTMStateTuple) else top)
