"""`tf.nn.ctc_*`: connectionist temporal classification, on sparse and on padded labels."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import bfloat16, bool_, float16, float32, int32, int64
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import (
    array,
    array_gather,
    array_moves,
    array_select,
    math,
    reduce,
)
from tf1x.ops.ctc import CTCBeamSearchDecoder, CTCGreedyDecoder, CTCLoss


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """-log p(labels | inputs) of each sequence, over all alignments of its labels: [batch].

    Args:
        labels: int32 SparseTensor [batch, longest]; labels from 0 to num_classes - 2.
        inputs: logits [time, batch, num_classes]; the last class is the blank. `logits` is
            another name.
        sequence_length: steps of each sequence, int32 [batch].
        preprocess_collapse_repeated: merge labels that are repeated first.
        ctc_merge_repeated: False to let each label last for one step only.
        ignore_longer_outputs_than_inputs: the loss is 0, and no error, where there are more
            labels than steps.
        time_major: False for inputs [batch, time, num_classes].

    Raises:
        TypeError: `labels` is not a SparseTensor.
        InvalidArgumentError (when run): a sequence has no labels, more than steps, or one out of
            range.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError(
            f"Expected argument `labels` to be a SparseTensor. Received labels={labels} of type: "
            f"{type(labels).__name__}"
        )
    if logits is not None:
        if inputs is not None:
            raise ValueError("Cannot specify both 'inputs' and 'logits'.")
        inputs = logits
    inputs = convert.to_tensor(inputs, name="logits")
    if not time_major:
        inputs = array_moves.transpose(inputs, [1, 0, 2])
    dtype = inputs.dtype
    if dtype in (float16, bfloat16):
        inputs = math.cast(inputs, float32)
    loss: Tensor = CTCLoss(
        inputs,
        labels.indices,
        labels.values,
        sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    ).loss
    return math.cast(loss, dtype) if dtype in (float16, bfloat16) else loss


def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """The loss of `tf.nn.ctc_loss`, on sparse or on padded labels: [batch].

    Args:
        labels: int SparseTensor [batch, longest], or a tensor of that shape.
        logits: [time, batch, num_classes], or [batch, time, num_classes] unless
            `logits_time_major`.
        label_length: how many labels of each row count, int [batch]; None for a SparseTensor.
        logit_length: steps of each sequence, int [batch].
        unique: taken and not needed.
        blank_index: the class of the blank, counted from the end where negative; by default the
            first, and to be given where `labels` is a SparseTensor.

    Raises:
        ValueError: `blank_index` is missing.
    """
    if isinstance(labels, SparseTensor):
        if blank_index is None:
            raise ValueError(
                "Argument `blank_index` must be provided when labels is a SparseTensor."
            )
        logits, values = _blank_last(logits, labels.values, blank_index)
        if values is not labels.values:
            labels = SparseTensor(labels.indices, values, labels.dense_shape)
        return ctc_loss(labels, logits, logit_length, time_major=logits_time_major)
    with scopes.name_scope(name, "ctc_loss_dense", [logits, labels, label_length, logit_length]):
        logits = convert.to_tensor(logits, name="logits")
        labels = convert.to_tensor(labels, name="labels")
        label_length = convert.to_tensor(label_length, name="label_length")
        logit_length = convert.to_tensor(logit_length, name="logit_length")
        logits, labels = _blank_last(logits, labels, blank_index or 0)
        return ctc_loss(
            _sparse(labels, label_length),
            logits,
            math.cast(logit_length, int32),
            time_major=logits_time_major,
        )


def _blank_last(logits: Any, labels: Tensor, blank_index: int) -> tuple[Tensor, Tensor]:
    """Logits with the blank moved to the end, and labels renumbered to match."""
    logits = convert.to_tensor(logits, name="logits")
    classes = logits.shape[2].value
    blank: Any = blank_index
    if blank_index < 0:
        blank = (array.shape(logits)[2] if classes is None else classes) + blank_index
    if classes is not None and blank == classes - 1:
        return logits, labels
    parts = [logits[:, :, :blank], logits[:, :, blank + 1 :], logits[:, :, blank : blank + 1]]
    below = math.Less(labels, math.cast(blank, labels.dtype))
    return array_moves.concat(parts, axis=2), array_select.where(below, labels, labels - 1)


def _sparse(labels: Tensor, length: Tensor) -> SparseTensor:
    """The first `length` labels of each row."""
    inside = array_select.sequence_mask(length, array.shape(labels)[1])
    values = array_gather.boolean_mask(labels, inside)
    shape = array.shape(labels, out_type=int64)
    return SparseTensor(array_select.where(inside), math.cast(values, int32), shape)


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: int | None = None
) -> tuple[list[SparseTensor], Tensor]:
    """The most likely class of each step, without blanks.

    Args:
        inputs: logits [time, batch, num_classes].
        sequence_length: steps of each sequence, int32 [batch].
        merge_repeated: a class that is the most likely one for several steps counts once.
        blank_index: the class of the blank; by default the last.

    Returns:
        A list with one int64 SparseTensor [batch, longest], and for each sequence the negative
        sum of the logits chosen, [batch, 1].
    """
    found = CTCGreedyDecoder(
        inputs,
        sequence_length,
        merge_repeated=merge_repeated,
        blank_index=-1 if blank_index is None else blank_index,
    )
    indices, values, shape, score = found
    return [SparseTensor(indices, values, shape)], score


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> tuple[list[SparseTensor], Tensor]:
    """The most likely label sequences, each over all its alignments, by beam search.

    Args:
        inputs: logits [time, batch, num_classes]; the last class is the blank.
        sequence_length: steps of each sequence, int32 [batch].
        beam_width: how many prefixes are kept after each step.
        top_paths: how many sequences to return, at most `beam_width`.
        merge_repeated: leave out labels that are equal to the one before, in the result.

    Returns:
        A list of `top_paths` int64 SparseTensors [batch, longest], best first, and the
        log-probabilities [batch, top_paths].
    """
    found = CTCBeamSearchDecoder(
        inputs,
        sequence_length,
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=merge_repeated,
    )
    *parts, score = found
    return [SparseTensor(*path) for path in zip(*parts, strict=True)], score


def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Tensor]:
    """`tf.nn.ctc_beam_search_decoder` that leaves repeated labels in the result."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, False)


def _size(x: Tensor, axis: int) -> Any:
    return x.shape[axis].value or array.shape(x)[axis]


def collapse_repeated(
    labels: Any, seq_length: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Merge labels that are equal to the one before.

    Args:
        labels: [batch, longest].
        seq_length: how many labels of each row count, int [batch].

    Returns:
        (labels [batch, longest that is left] padded with zeros, their number in each row).
    """
    with scopes.name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = convert.to_tensor(labels, name="labels")
        seq_length = convert.to_tensor(seq_length, name="seq_length")
        kept = array_moves.concat(
            [
                array.ones_like(labels[:, :1], bool_),
                math.NotEqual(labels[:, 1:], labels[:, :-1]),
            ],
            axis=1,
        )
        inside = array_select.sequence_mask(seq_length, maxlen=_size(labels, 1))
        kept = math.LogicalAnd(kept, inside)
        count = reduce.reduce_sum(math.cast(kept, int32), axis=1)
        longest = reduce.reduce_max(count)
        filled = array_select.sequence_mask(count, maxlen=longest)
        flat_labels, flat_kept, flat_filled = (
            array.Reshape(x, [-1]) for x in (labels, kept, filled)
        )
        places = array.range_(_size(flat_filled, 0))
        flat = array_gather.scatter_nd(
            array.expand_dims(array_gather.boolean_mask(places, flat_filled), axis=1),
            array_gather.boolean_mask(flat_labels, flat_kept),
            array.shape(flat_filled),
        )
        shape = [_size(labels, 0), longest]
        return array.Reshape(flat, shape), math.cast(count, seq_length.dtype)


def ctc_unique_labels(labels: Any, name: str | None = None) -> list[Tensor]:
    """The different labels of each row, for the argument `unique` of `tf.nn.ctc_loss_v2`.

    Args:
        labels: [batch, longest].

    Returns:
        [the different labels in order of their first places, padded with zeros, int64; for each
        label its position among them, int32], both [batch, longest].
    """
    with scopes.name_scope(name, "ctc_unique_labels", [labels]):
        labels = convert.to_tensor(labels, name="labels")
        places = array.range_(array.shape(labels)[1])
        equal = math.Equal(array.expand_dims(labels, 2), array.expand_dims(labels, 1))
        first = reduce.ArgMax(math.cast(equal, int32), 2, output_type=int32)
        new = math.Equal(first, places)
        count = reduce.cumsum(math.cast(new, int32), axis=1)
        position = array_gather.batch_gather(count, first) - 1
        chosen = math.LogicalAnd(
            array.expand_dims(new, 2), math.Equal(array.expand_dims(count - 1, 2), places)
        )
        wide = array.expand_dims(math.cast(labels, int64), 2) * math.cast(chosen, int64)
        return [reduce.reduce_sum(wide, axis=1), position]
