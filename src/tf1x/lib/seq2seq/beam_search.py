"""`BeamSearchDecoder`: the most probable sequences of a cell, found breadth first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import bool_, float32, int32, int64
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.lib import logging
from tf1x.lib.rnn.base import assert_like_rnncell
from tf1x.lib.seq2seq.attention_wrapper import AttentionWrapperState
from tf1x.lib.seq2seq.basic_decoder import check_output_layer, projected_size
from tf1x.lib.seq2seq.beam_tensors import gather_tree_from_array
from tf1x.lib.seq2seq.decoder import Decoder
from tf1x.lib.seq2seq.helpers import embedding_function
from tf1x.ops import array, nn_functions, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_gather import gather
from tf1x.ops.array_moves import Tile, concat, stack
from tf1x.ops.array_select import one_hot, where
from tf1x.ops.checks import Assert
from tf1x.ops.gather_tree import GatherTree
from tf1x.ops.tensor_array import TensorArray

__all__ = [
    "BeamSearchDecoder",
    "BeamSearchDecoderOutput",
    "BeamSearchDecoderState",
    "FinalBeamSearchDecoderOutput",
]


class BeamSearchDecoderState(NamedTuple):
    """The beams after a step.

    Attributes:
        cell_state: the cell's, with the beams behind the batch: [batch, beams, ...].
        log_probs: logarithm of the probability of each beam's sequence, [batch, beams].
        finished: whether each beam has ended.
        lengths: the number of its ids, the end token included, int64.
        accumulated_attention_probs: sum of the alignments of all steps, [batch, beams, memory
            time]; () without a coverage penalty.
    """

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """What a step puts out, each [batch, beams].

    Attributes:
        scores: of the beams, penalties included.
        predicted_ids: the id that each beam got.
        parent_ids: which of the last step's beams each one continues.
    """

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What `dynamic_decode` returns of a beam search.

    Attributes:
        predicted_ids: the sequences [batch, time, beams], best beam first, filled up with the end
            token.
        beam_search_decoder_output: the outputs of all steps.
    """

    predicted_ids: Any
    beam_search_decoder_output: Any


class BeamSearchDecoder(Decoder):
    """Keeps the `beam_width` best sequences in each step.

    A sequence scores log(probability) / ((5 + length) / 6) ** length_penalty_weight, plus
    coverage_penalty_weight * sum(log(min(attention summed over steps, 1))) once it has ended (Wu
    et al. 2016).

    Args:
        cell: an RNNCell.
        embedding: a function of ids, or a table.
        start_tokens: the ids of the first inputs, a vector int32 over the batch.
        end_token: the id that ends a sequence, a scalar int32.
        initial_state: the cell's first state, for batch * beam_width sequences: see `tile_batch`.
        beam_width: how many sequences to keep, an int.
        output_layer: a layer applied to the cell's outputs.
        length_penalty_weight: 0 for none; a number or a scalar tensor.
        coverage_penalty_weight: 0 for none; needs an `AttentionWrapper`.
        reorder_tensor_arrays: whether TensorArrays in the final state (the alignments of all
            steps) are put in the order of the beams, as one tensor.

    Raises:
        TypeError: not a cell, not a layer.
        ValueError: `start_tokens` is not a vector, `end_token` not a scalar, or a state of
            another batch size.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: Any = 0.0,
        coverage_penalty_weight: Any = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        assert_like_rnncell("cell", cell)
        check_output_layer(output_layer)
        self._cell = cell
        self._output_layer = output_layer
        self._embedding_fn = embedding_function(embedding)
        self._beam_width = beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._start_tokens = convert.to_tensor(start_tokens, int32, name="start_tokens")
        if self._start_tokens.shape.ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = convert.to_tensor(end_token, int32, name="end_token")
        if self._end_token.shape.ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = array.size(self._start_tokens)
        self._static_batch = constant_value(self._batch_size)
        self._initial_cell_state = nest.map_structure(
            self._split, initial_state, self._cell.state_size
        )
        self._start_tokens = Tile(array.expand_dims(self._start_tokens, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(self._start_tokens)

    # -- what dynamic_decode asks --------------------------------------------------------------

    @property
    def batch_size(self) -> Tensor:
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        return True

    @property
    def _dtype(self) -> Any:
        return nest.flatten(self._initial_cell_state)[0].dtype

    @property
    def output_size(self) -> BeamSearchDecoderOutput:
        return BeamSearchDecoderOutput(*[TensorShape([self._beam_width])] * 3)

    @property
    def output_dtype(self) -> BeamSearchDecoderOutput:
        sizes = projected_size(self._cell.output_size, self._output_layer)
        return BeamSearchDecoderOutput(
            nest.map_structure(lambda _: self._dtype, sizes), int32, int32
        )

    def initialize(self, name: str | None = None) -> Any:
        """At first there is one beam in each batch: the others could only repeat it."""
        first = array.zeros([self._batch_size], int32)
        finished = one_hot(first, self._beam_width, on_value=False, off_value=True, dtype=bool_)
        log_probs = one_hot(
            first,
            self._beam_width,
            on_value=convert.to_tensor(0.0, self._dtype),
            off_value=convert.to_tensor(-np.inf, self._dtype),
            dtype=self._dtype,
        )
        covered: Any = ()
        if self._covers:
            covered = self._attention_probs(self._initial_cell_state)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=log_probs,
            finished=finished,
            lengths=array.zeros([self._batch_size, self._beam_width], int64),
            accumulated_attention_probs=covered,
        )
        return finished, self._start_inputs, state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with scopes.name_scope(name, "BeamSearchDecoderStep", nest.flatten((time, inputs))):
            inputs = nest.map_structure(lambda x: self._merged(x, x.shape[2:]), inputs)
            cell_state = nest.map_structure(self._merge, state.cell_state, self._cell.state_size)
            logits, cell_state = self._cell(inputs, cell_state)
            logits = nest.map_structure(lambda x: self._splitted(x, x.shape[1:]), logits)
            cell_state = nest.map_structure(self._split, cell_state, self._cell.state_size)
            if self._output_layer is not None:
                logits = self._output_layer(logits)
            output, new_state = self._search(logits, cell_state, state)
            next_inputs = self._embedding_fn(output.predicted_ids)
        return output, new_state, next_inputs, new_state.finished

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """The sequences, each beam followed back to its start; `sequence_lengths` is not needed."""
        longest = math_ops.cast(reduce.reduce_max(final_state.lengths, axis=1), int32)
        ids = GatherTree(
            outputs.predicted_ids,
            outputs.parent_ids,
            max_sequence_lengths=longest,
            end_token=self._end_token,
        )
        if self._reorder_tensor_arrays:
            cell_state = nest.map_structure(
                lambda part: self._reordered(part, outputs.parent_ids, final_state.lengths),
                final_state.cell_state,
            )
            final_state = final_state._replace(cell_state=cell_state)
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state

    # -- batch and beams -----------------------------------------------------------------------

    def _merged(self, x: Tensor, size: Any) -> Tensor:
        """[batch, beams, ...] as [batch * beams, ...]."""
        rows = [self._batch_size * self._beam_width]
        merged = array.reshape(x, concat((rows, array.shape(x)[2:]), 0))
        known = None if self._static_batch is None else int(self._static_batch) * self._beam_width
        merged.set_shape(TensorShape([known]).concatenate(_known(size)))
        return merged

    def _splitted(self, x: Tensor, size: Any) -> Tensor:
        """[batch * beams, ...] as [batch, beams, ...].

        Raises:
            ValueError: it is known to have another batch size.
        """
        wanted = TensorShape([self._static_batch, self._beam_width]).concatenate(_known(size))
        count, rows = wanted[:2].num_elements(), x.shape[0].value
        if None not in (count, rows) and count != rows:
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The tensor "
                f"has shape: {x.shape}.  We expected it to become (batch_size, beam_width, depth) "
                f"== {wanted}.  Perhaps you forgot to create a zero_state with "
                "batch_size=encoder_batch_size * beam_width?"
            )
        outer = [self._batch_size, self._beam_width]
        split = array.reshape(x, concat((outer, array.shape(x)[1:]), 0))
        split.set_shape(wanted)
        return split

    def _merge(self, part: Any, size: Any) -> Any:
        """A part of the state for the cell; scalars and TensorArrays stay as they are."""
        if isinstance(part, TensorArray):
            return part
        return self._merged(part, size) if _rank(part) >= 2 else part

    def _split(self, part: Any, size: Any) -> Any:
        """A part of the cell's state, the beams apart."""
        if isinstance(part, TensorArray):
            return part
        return self._splitted(part, size) if _rank(part) >= 1 else part

    # -- the search ----------------------------------------------------------------------------

    def _search(
        self, logits: Tensor, cell_state: Any, state: BeamSearchDecoderState
    ) -> tuple[BeamSearchDecoderOutput, BeamSearchDecoderState]:
        """The best continuations of all beams by any id."""
        width = self._beam_width
        ids = logits.shape[-1].value or array.shape(logits)[-1]
        going = math_ops.LogicalNot(state.finished)
        steps = self._only_ends(nn_functions.log_softmax(logits), state.finished, ids)
        totals = array.expand_dims(state.log_probs, 2) + steps
        covered = None
        if self._covers:
            seen = self._attention_probs(cell_state)
            seen = seen * array.expand_dims(math_ops.cast(going, seen.dtype), 2)
            covered = state.accumulated_attention_probs + seen
        scores = self._scores(totals, state, going, ids, covered)

        best, places = nn_functions.top_k(array.reshape(scores, [self._batch_size, -1]), k=width)
        best.set_shape([self._static_batch, width])
        places.set_shape([self._static_batch, width])
        word_ids = math_ops.FloorMod(places, ids, name="next_beam_word_ids")
        parents = math_ops.FloorDiv(places, ids, name="next_beam_parent_ids")
        log_probs = gather(array.reshape(totals, [-1]), self._flat(places, width * ids))
        log_probs = array.reshape(log_probs, array.shape(places))

        rows = self._flat(parents, width)
        ended = self._chosen(state.finished, rows)
        lengths = self._chosen(state.lengths, rows)
        lengths = lengths + math_ops.cast(math_ops.LogicalNot(ended), int64)
        new_state = BeamSearchDecoderState(
            cell_state=nest.map_structure(lambda part: self._maybe_chosen(part, rows), cell_state),
            log_probs=log_probs,
            finished=math_ops.LogicalOr(
                ended, math_ops.Equal(word_ids, self._end_token), name="next_beam_finished"
            ),
            lengths=lengths,
            accumulated_attention_probs=() if covered is None else self._chosen(covered, rows),
        )
        return BeamSearchDecoderOutput(best, word_ids, parents), new_state

    def _only_ends(self, log_probs: Tensor, finished: Tensor, ids: Any) -> Tensor:
        """Log probabilities of the ids; a beam that has ended goes on with the end token only."""
        dtype = log_probs.dtype.base_dtype
        row = one_hot(
            self._end_token,
            ids,
            on_value=convert.to_tensor(0.0, dtype),
            off_value=convert.to_tensor(dtype.min, dtype),
            dtype=dtype,
        )
        rows = Tile(array.reshape(row, [1, 1, -1]), concat([array.shape(finished), [1]], 0))
        return where(Tile(array.expand_dims(finished, 2), [1, 1, ids]), rows, log_probs)

    def _scores(
        self,
        totals: Tensor,
        state: BeamSearchDecoderState,
        going: Tensor,
        ids: Any,
        covered: Tensor | None,
    ) -> Tensor:
        """Scores of all continuations; the end token adds nothing to a sequence's length here."""
        weight = convert.to_tensor(self._length_penalty_weight, name="penalty_factor")
        weight.set_shape(())
        scores = totals
        if not _is_zero(weight):
            more = one_hot(self._end_token, ids, on_value=0, off_value=1, dtype=int64)
            more = array.expand_dims(math_ops.cast(going, int64), 2) * more
            lengths = array.expand_dims(state.lengths, 2) + more
            penalty = math_ops.Pow(
                (5.0 + math_ops.cast(lengths, float32)) / 6.0, math_ops.cast(weight, float32)
            )
            scores = totals / math_ops.cast(penalty, totals.dtype)
        if covered is None:
            return scores
        # What was never looked at is most likely behind the end of the memory.
        seen = where(
            math_ops.Equal(covered, array.zeros_like(covered)), array.ones_like(covered), covered
        )
        coverage = reduce.reduce_sum(math_ops.Log(math_ops.Minimum(seen, 1.0)), 2)
        coverage = coverage * math_ops.cast(state.finished, coverage.dtype)
        coverage = coverage * self._coverage_penalty_weight
        return scores + array.expand_dims(coverage, 2)

    # -- attention -----------------------------------------------------------------------------

    @property
    def _covers(self) -> bool:
        """Whether there is a coverage penalty.

        Raises:
            ValueError: its weight is not a scalar.
        """
        weight = convert.to_tensor(self._coverage_penalty_weight, name="coverage_penalty_weight")
        if weight.shape.ndims != 0:
            raise ValueError(
                f"coverage_penalty_weight should be a scalar, but saw shape: {weight.shape}"
            )
        return not _is_zero(weight)

    def _attention_probs(self, cell_state: Any) -> Tensor:
        """The alignments of the last step, [batch, beams, memory time]; the mean of several.

        Raises:
            ValueError: there is no attention.
        """
        states = cell_state if type(cell_state) in (tuple, list) else (cell_state,)
        found = [_mean(s.alignments) for s in states if isinstance(s, AttentionWrapperState)]
        if not found:
            raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
        return _mean(tuple(found) if len(found) > 1 else found[0])

    # -- choosing beams ------------------------------------------------------------------------

    def _flat(self, indices: Tensor, count: Any) -> Tensor:
        """Indices among `count` items of each batch, as a vector of those among all."""
        start = array.expand_dims(array.range_(self._batch_size) * count, 1)
        return array.reshape(indices + start, [-1])

    def _chosen(self, x: Tensor, rows: Tensor) -> Tensor:
        """The rows of x [batch, beams, ...], counted over batch and beams."""
        shape = array.shape(x)
        flat = array.reshape(x, concat(([self._batch_size * self._beam_width], shape[2:]), 0))
        chosen = array.reshape(gather(flat, rows), shape)
        chosen.set_shape(TensorShape([self._static_batch]).concatenate(x.shape[1:]))
        return chosen

    def _maybe_chosen(self, part: Any, rows: Tensor) -> Any:
        """A part of the state, of the chosen beams; scalars and TensorArrays as they are."""
        if isinstance(part, TensorArray):
            return part
        return self._chosen(part, rows) if _rank(part) >= 2 else part

    # -- TensorArrays in the state -------------------------------------------------------------

    def _reordered(self, part: Any, parents: Tensor, lengths: Tensor) -> Any:
        """A TensorArray over the steps as a tensor, the beams followed back; others as they are."""
        if not isinstance(part, TensorArray):
            return part
        shape = part.element_shape
        if not shape.ndims:
            logging.warn(
                "The TensorArray %s in the cell state is not amenable to sorting based on the beam "
                "search result. For a TensorArray to be sorted, its elements shape must be defined "
                "and have at least a rank of 1, but saw shape: %s",
                part.flow.name,
                shape,
            )
            return part
        if not self._may_hold_beams(shape):
            logging.warn(
                "TensorArray reordering expects elements to be reshapable to [%s, %s, -1] which is "
                "incompatible with the current shape %s. Consider setting reorder_tensor_arrays to "
                "False to disable TensorArray reordering during the beam search.",
                self._static_batch,
                self._beam_width,
                shape,
            )
            return part
        stacked = part.stack()
        with scopes.control_dependencies([self._holds_beams(stacked)]):
            return gather_tree_from_array(stacked, parents, lengths)

    def _may_hold_beams(self, shape: TensorShape) -> bool:
        rows = shape[0].value
        if self._static_batch is None or rows is None:
            return True
        batch, width = int(self._static_batch), self._beam_width
        apart = shape.ndims >= 2 and rows == batch and shape[1].value in (None, width)
        return rows == batch * width or apart

    def _holds_beams(self, stacked: Tensor) -> Any:
        """An op that fails unless the elements are [batch * beams, ...] or [batch, beams, ...]."""
        dims, width = array.shape(stacked), self._beam_width
        holds = math_ops.Equal(dims[1], self._batch_size * width)
        if stacked.shape.ndims > 2:
            apart = math_ops.LogicalAnd(
                math_ops.Equal(dims[1], self._batch_size), math_ops.Equal(dims[2], width)
            )
            holds = math_ops.LogicalOr(holds, apart)
        message = (
            "TensorArray reordering expects elements to be reshapable to [batch_size, beam_size, "
            f"-1] which is incompatible with the dynamic shape of {stacked.name} elements. Consider "
            "setting reorder_tensor_arrays to False to disable TensorArray reordering during the "
            "beam search."
        )
        return Assert(holds, [message])


def _known(size: Any) -> TensorShape:
    """What is known now of a size: an int, a TensorShape, or a tensor."""
    return constant_value_as_shape(size) if isinstance(size, Tensor) else TensorShape(size)


def _rank(x: Tensor) -> int:
    """The rank of a part of the state.

    Raises:
        ValueError: it is not known.
    """
    if x.shape.ndims is None:
        raise ValueError(f"Expected tensor ({x}) to have known rank, but ndims == None.")
    return x.shape.ndims


def _is_zero(weight: Tensor) -> bool:
    known = constant_value(weight)
    return known is not None and float(known) == 0.0


def _mean(parts: Any) -> Tensor:
    if not isinstance(parts, tuple):
        tensor: Tensor = parts
        return tensor
    return reduce.reduce_mean(stack(list(parts), axis=-1), -1)
