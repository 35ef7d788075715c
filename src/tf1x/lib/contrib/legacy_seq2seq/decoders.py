"""Decoders over a list of inputs, one copy of their ops per step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tf1x.core import convert, nest
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.rnn.projections import linear
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.ops import array, nn_functions, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, stack
from tf1x.ops.conv_functions import conv2d
from tf1x.ops.embedding import embedding_lookup

__all__ = [
    "attention_decoder",
    "embedding_attention_decoder",
    "embedding_rnn_decoder",
    "greedy_loop_function",
    "rnn_decoder",
]

# Takes the output of a step and the number of the next one, gives the next inputs.
LoopFunction = Callable[[Any, int], Any]


def greedy_loop_function(
    embedding: Any, output_projection: Any = None, update_embedding: bool = True
) -> LoopFunction:
    """A loop function that gives the embedding of the most probable symbol.

    Args:
        embedding: a table [symbols, depth].
        output_projection: (weights, biases) that make logits of the outputs; None: they are logits.
        update_embedding: whether gradients go into the embeddings.
    """

    def loop_function(previous: Any, _: int) -> Tensor:
        if output_projection is not None:
            previous = nn_functions.xw_plus_b(previous, output_projection[0], output_projection[1])
        embedded: Tensor = embedding_lookup(embedding, reduce.argmax(previous, 1))
        return embedded if update_embedding else array.StopGradient(embedded)

    return loop_function


def check_projection(projection: Any, num_symbols: int, dtype: Any) -> None:
    """Raise ValueError unless (weights, biases) give logits for so many symbols."""
    if projection is None:
        return
    weights = convert.to_tensor(projection[0], dtype)
    weights.shape.assert_is_compatible_with([None, num_symbols])
    biases = convert.to_tensor(projection[1], dtype)
    biases.shape.assert_is_compatible_with([num_symbols])


def rnn_decoder(
    decoder_inputs: Iterable[Any],
    initial_state: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Run a cell over a list of inputs.

    Args:
        decoder_inputs: tensors [batch, size].
        initial_state: a state of the cell.
        loop_function: takes (output, number of the step), gives the next input instead of that of
            the list (of which then only the first one counts).
        scope: "rnn_decoder" by default.

    Returns:
        The list of outputs, and the final state.
    """
    with variable_scope(scope or "rnn_decoder"):
        state = initial_state
        outputs: list[Any] = []
        for i, value in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    value = loop_function(outputs[-1], i)
            if i > 0:
                get_variable_scope().reuse_variables()
            output, state = cell(value, state)
            outputs.append(output)
    return outputs, state


def embedding_rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`rnn_decoder` over ids, by a new variable `embedding`.

    Args:
        decoder_inputs: vectors of ids, int32 [batch].
        num_symbols, embedding_size: shape of the embedding.
        output_projection: (weights [size, num_symbols], biases [num_symbols]) that make logits.
        feed_previous: take the most probable symbol of each step as the next input (of the list
            only the first one counts).
        update_embedding_for_previous: whether gradients go into the embeddings of those.
        scope: "embedding_rnn_decoder" by default.

    Raises:
        ValueError: a projection of another shape.
    """
    with variable_scope(scope or "embedding_rnn_decoder") as entered:
        check_projection(output_projection, num_symbols, entered.dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = greedy_loop_function(
                embedding, output_projection, update_embedding_for_previous
            )
        embedded = (embedding_lookup(embedding, ids) for ids in decoder_inputs)
        return rnn_decoder(embedded, initial_state, cell, loop_function)


def attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: LoopFunction | None = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Any], Any]:
    """`rnn_decoder` with attention (Vinyals et al. 2015, "Grammar as a foreign language").

    In each step the cell gets a linear layer of the input and of what was read in the last step;
    what is read is the memory, weighted with softmax(v . tanh(W memory + U state)); the output is a
    linear layer of the cell's output and of what is read.

    Args:
        attention_states: the memory [batch, length, size], of known size.
        output_size: of the outputs; that of the cell by default.
        num_heads: how many times the memory is read, by weights of their own.
        dtype: of the variables, by default that of the scope.
        initial_state_attention: whether the first step, too, reads the memory (by the initial
            state); else it gets zeros.
        decoder_inputs, initial_state, cell, loop_function: as those of `rnn_decoder`.
        scope: "attention_decoder" by default.

    Raises:
        ValueError: no inputs, no heads, or a memory or inputs of unknown size.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.shape[2].value is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.shape}")
    with variable_scope(scope or "attention_decoder", dtype=dtype) as entered:
        reader = _Reader(attention_states, num_heads)
        width = cell.output_size if output_size is None else output_size
        state = initial_state
        if initial_state_attention:
            read = reader.read(initial_state)
        else:
            read = reader.nothing(array.shape(decoder_inputs[0])[0], entered.dtype)
        outputs: list[Any] = []
        for i, value in enumerate(decoder_inputs):
            if i > 0:
                get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    value = loop_function(outputs[-1], i)
            size = TensorShape(value.shape).with_rank(2)[1].value
            if size is None:
                raise ValueError(f"Could not infer input size from input: {value.name}")
            joined = [math_ops.cast(part, entered.dtype) for part in [value, *read]]
            output, state = cell(linear(joined, size, True), state)
            reuse = True if i == 0 and initial_state_attention else None
            with variable_scope(get_variable_scope(), reuse=reuse):
                read = reader.read(state)
            with variable_scope("AttnOutputProjection"):
                output = linear([math_ops.cast(output, entered.dtype), *read], width, True)
            outputs.append(output)
    return outputs, state


class _Reader:
    """Reads a memory with several heads; its variables are those of the scope it is made in."""

    def __init__(self, memory: Tensor, heads: int) -> None:
        self._size = memory.shape[2].value
        self._length = memory.shape[1].value or array.shape(memory)[1]
        self._memory = array.reshape(memory, [-1, self._length, 1, self._size])
        self._features: list[Tensor] = []
        self._vectors: list[Any] = []
        for head in range(heads):
            kernel = get_variable(f"AttnW_{head}", [1, 1, self._size, self._size])
            self._features.append(conv2d(self._memory, kernel, [1, 1, 1, 1], "SAME"))
            self._vectors.append(get_variable(f"AttnV_{head}", [self._size]))

    def nothing(self, batch_size: Any, dtype: Any) -> list[Tensor]:
        """What is read before the first step: zeros."""
        zeros = [array.zeros(stack([batch_size, self._size]), dtype) for _ in self._vectors]
        for part in zeros:
            part.set_shape([None, self._size])
        return zeros

    def read(self, state: Any) -> list[Tensor]:
        """What each head reads, [batch, size]."""
        query = state
        if nest.is_nested(state):
            query = concat(nest.flatten(state), 1)
        found = []
        for head, (features, vector) in enumerate(zip(self._features, self._vectors, strict=True)):
            with variable_scope(f"Attention_{head}"):
                row = linear(query, self._size, True)
                row = array.reshape(row, [-1, 1, 1, self._size])
                scores = reduce.reduce_sum(vector * math_ops.Tanh(features + row), [2, 3])
                weights = array.reshape(nn_functions.softmax(scores), [-1, self._length, 1, 1])
                context = reduce.reduce_sum(weights * self._memory, [1, 2])
                found.append(array.reshape(context, [-1, self._size]))
        return found


def embedding_attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Any], Any]:
    """`attention_decoder` over ids, by a new variable `embedding`.

    The arguments are those of `embedding_rnn_decoder` and of `attention_decoder`; the scope is
    "embedding_attention_decoder" by default.

    Raises:
        ValueError: biases of another shape.
    """
    if output_size is None:
        output_size = cell.output_size
    if output_projection is not None:
        biases = convert.to_tensor(output_projection[1], dtype)
        biases.shape.assert_is_compatible_with([num_symbols])
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = greedy_loop_function(
                embedding, output_projection, update_embedding_for_previous
            )
        return attention_decoder(
            [embedding_lookup(embedding, ids) for ids in decoder_inputs],
            initial_state,
            attention_states,
            cell,
            output_size=output_size,
            num_heads=num_heads,
            loop_function=loop_function,
            initial_state_attention=initial_state_attention,
        )
