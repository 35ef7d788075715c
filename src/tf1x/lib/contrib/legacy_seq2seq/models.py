"""Encoder and decoder together, over lists of inputs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tf1x.core import nest
from tf1x.core.dtypes import float32
from tf1x.lib.contrib.legacy_seq2seq.decoders import (
    LoopFunction,
    check_projection,
    embedding_attention_decoder,
    embedding_rnn_decoder,
    greedy_loop_function,
    rnn_decoder,
)
from tf1x.lib.rnn.base import RNNCell
from tf1x.lib.rnn.projections import EmbeddingWrapper, OutputProjectionWrapper
from tf1x.lib.rnn.static import static_rnn
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.ops import array
from tf1x.ops.array_moves import concat
from tf1x.ops.control_flow import cond
from tf1x.ops.embedding import embedding_lookup

__all__ = [
    "basic_rnn_seq2seq",
    "embedding_attention_seq2seq",
    "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq",
    "one2many_rnn_seq2seq",
    "tied_rnn_seq2seq",
]

# Takes whether to feed previous outputs, and whether gradients go into their embeddings.
Decode = Callable[[bool, bool], tuple[list[Any], Any]]


def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = float32, scope: Any = None
) -> tuple[list[Any], Any]:
    """An encoder, whose final state a decoder starts with; both have the cell's form.

    Args:
        encoder_inputs, decoder_inputs: lists of tensors [batch, size].
        cell: the decoder's cell; the encoder's is a copy.
        dtype: of the encoder's first state.
        scope: "basic_rnn_seq2seq" by default.

    Returns:
        The list of the decoder's outputs, and its final state.
    """
    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    dtype: Any = float32,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`basic_rnn_seq2seq` in which encoder and decoder share their variables.

    Args:
        loop_function: that of `rnn_decoder`.
        scope: below "combined_tied_rnn_seq2seq"; "tied_rnn_seq2seq" by default.
    """
    with variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, scope)


def embedding_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`basic_rnn_seq2seq` over ids, by embeddings of encoder and decoder.

    Args:
        encoder_inputs, decoder_inputs: lists of vectors of ids, int32 [batch].
        num_encoder_symbols, num_decoder_symbols, embedding_size: sizes of the embeddings.
        output_projection: (weights, biases) that make logits of the outputs; without it the
            outputs are logits, by a layer of their own.
        feed_previous: a bool, or a scalar bool tensor: take the most probable symbol of each step
            as the decoder's next input.
        scope: "embedding_rnn_seq2seq" by default.

    Returns:
        The list of outputs, and the decoder's final state.
    """
    with variable_scope(scope or "embedding_rnn_seq2seq") as entered:
        if dtype is not None:
            entered.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feed: bool, update: bool) -> tuple[list[Any], Any]:
            return embedding_rnn_decoder(
                decoder_inputs,
                state,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection=output_projection,
                feed_previous=feed,
                update_embedding_for_previous=update,
            )

        return _fed_back(feed_previous, decode)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`tied_rnn_seq2seq` over ids, by one embedding.

    Args:
        num_symbols, embedding_size: shape of the embedding.
        num_decoder_symbols: number of logits, `num_symbols` by default.
        scope: "embedding_tied_rnn_seq2seq" by default.
        encoder_inputs, decoder_inputs, cell, output_projection, feed_previous, dtype: as those of
            `embedding_rnn_seq2seq`.

    Raises:
        ValueError: a projection of another shape.
    """
    with variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as entered:
        check_projection(output_projection, num_symbols, entered.dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size], dtype=entered.dtype)
        sources = [embedding_lookup(embedding, ids) for ids in encoder_inputs]
        targets = [embedding_lookup(embedding, ids) for ids in decoder_inputs]
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols or num_symbols)

        def decode(feed: bool, update: bool) -> tuple[list[Any], Any]:
            loop_function = None
            if feed:
                loop_function = greedy_loop_function(embedding, output_projection, update)
            return tied_rnn_seq2seq(sources, targets, cell, loop_function, entered.dtype)

        return _fed_back(feed_previous, decode)


def embedding_attention_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
    encoder_cell: Any = None,
) -> tuple[list[Any], Any]:
    """`embedding_rnn_seq2seq` whose decoder looks at the encoder's outputs.

    Args:
        encoder_cell: the encoder's cell, by default a copy of `cell`.
        num_heads, initial_state_attention: those of `attention_decoder`.
        scope: "embedding_attention_seq2seq" by default.
        encoder_inputs, decoder_inputs, cell, num_encoder_symbols, num_decoder_symbols,
        embedding_size, output_projection, feed_previous, dtype: as those of
            `embedding_rnn_seq2seq`.
    """
    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as entered:
        own = copy.deepcopy(cell) if encoder_cell is None else encoder_cell
        encoder = EmbeddingWrapper(own, num_encoder_symbols, embedding_size)
        outputs, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        memory = concat([array.reshape(x, [-1, 1, cell.output_size]) for x in outputs], 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(feed: bool, update: bool) -> tuple[list[Any], Any]:
            return embedding_attention_decoder(
                decoder_inputs,
                state,
                memory,
                cell,
                num_decoder_symbols,
                embedding_size,
                num_heads=num_heads,
                output_size=output_size,
                output_projection=output_projection,
                feed_previous=feed,
                update_embedding_for_previous=update,
                initial_state_attention=initial_state_attention,
            )

        return _fed_back(feed_previous, decode)


def one2many_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs_dict: dict[Any, Any],
    enc_cell: Any,
    dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[Any, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[dict[Any, list[Any]], dict[Any, Any]]:
    """One encoder and several decoders, by name (Luong et al. 2015, "Multi-task ...").

    Args:
        decoder_inputs_dict, dec_cells_dict, num_decoder_symbols_dict: by the decoders' names.
        scope: "one2many_rnn_seq2seq" by default; the decoders' are "one2many_decoder_" and name.
        encoder_inputs, num_encoder_symbols, embedding_size, feed_previous, dtype: as those of
            `embedding_rnn_seq2seq`.

    Returns:
        Outputs and final states by name.

    Raises:
        TypeError: a cell that is none.
        ValueError: other names among the cells than among the inputs.
    """
    if not isinstance(enc_cell, RNNCell):
        raise TypeError(f"enc_cell is not an RNNCell: {type(enc_cell)}")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decoder_inputs_dict")
    for cell in dec_cells_dict.values():
        if not isinstance(cell, RNNCell):
            raise TypeError(f"dec_cell is not an RNNCell: {type(cell)}")
    outputs: dict[Any, list[Any]] = {}
    states: dict[Any, Any] = {}
    with variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with variable_scope(f"one2many_decoder_{name}"):
                wrapped = OutputProjectionWrapper(dec_cells_dict[name], symbols)

                def decode(
                    feed: bool, _: bool, inputs: Any = inputs, cell: Any = wrapped, n: int = symbols
                ) -> tuple[list[Any], Any]:
                    return embedding_rnn_decoder(
                        inputs, state, cell, n, embedding_size, feed_previous=feed
                    )

                outputs[name], states[name] = _fed_back(feed_previous, decode)
    return outputs, states


def _fed_back(feed_previous: Any, decode: Decode) -> tuple[list[Any], Any]:
    """What a decoder gives that feeds previous outputs if `feed_previous`, a bool or a tensor.

    For a tensor there are two of them with the same variables, of which each run uses one.
    """
    if isinstance(feed_previous, bool):
        return decode(feed_previous, True)
    made: list[tuple[list[Any], Any]] = []

    def branch(feed: bool) -> list[Any]:
        with variable_scope(get_variable_scope(), reuse=None if feed else True):
            outputs, state = decode(feed, False)
        made.append((outputs, state))
        return outputs + nest.flatten(state)

    results = cond(feed_previous, lambda: branch(True), lambda: branch(False))
    outputs, state = made[0]
    count = len(outputs)
    return results[:count], nest.pack_sequence_as(state, results[count:])
