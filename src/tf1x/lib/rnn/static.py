"""`tf.nn.static_rnn` and its kin: a cell over a list of inputs, one copy of its ops per step."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.rnn.base import as_rnn_cell, concat_sizes
from tf1x.lib.rnn.steps import copied_through, initial_state_of, state_dtype
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, reverse_sequence, stack, unstack

__all__ = ["static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn"]


def static_rnn(
    cell: Any,
    inputs: Any,
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Apply a cell to each input of a list.

    Args:
        cell: an RNNCell.
        inputs: a list of tensors [batch, size], or of nests of them.
        initial_state: a state of the cell; zeros of type `dtype` by default.
        dtype: type of the state; required without `initial_state`.
        sequence_length: how many steps of each sequence count, a vector of ints. Outputs after
            them are zero, and the state stays as it was at the last of them.
        scope: variable scope of the cell's variables, "rnn" by default.

    Returns:
        The list of outputs, and the final state.

    Raises:
        TypeError: `cell` is not an RNNCell, or `inputs` not a list.
        ValueError: no inputs, inputs of unknown size, or neither `initial_state` nor `dtype`.
    """
    cell = as_rnn_cell("cell", cell)
    _check_list(inputs)
    outputs = []
    with variable_scope(scope or "rnn") as varscope:
        first = nest.flatten(inputs)[0]
        known = _known_batch(inputs, first)
        batch_size = known or array.shape(first)[0]
        state = initial_state_of(cell, initial_state, batch_size, dtype)
        lengths = None
        if sequence_length is not None:
            lengths = _lengths(sequence_length)
            zeros = _zero_output(cell, batch_size, known, state_dtype(dtype, state))
            lengths = math_ops.cast(lengths, int32)
        for time, value in enumerate(inputs):
            if time > 0:
                varscope.reuse_variables()
            output, new = cell(value, state)
            if lengths is not None:
                output, new = copied_through(
                    math_ops.LessEqual(lengths, time), zeros, output, state, new
                )
            state = new
            outputs.append(output)
    return outputs, state


def _check_list(inputs: Any) -> None:
    if not nest.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")


def _known_batch(inputs: Any, first: Any) -> int | None:
    if first.shape.ndims == 1:
        only: int | None = first.shape[0].value
        return only
    batch = first.shape.with_rank_at_least(2)[0]
    for tensor in nest.flatten(inputs):
        shape = tensor.shape.with_rank_at_least(2)
        batch.assert_is_compatible_with(shape[0])
        for i, size in enumerate(shape.as_list()[1:]):
            if size is None:
                raise ValueError(
                    f"Input size (dimension {i} of inputs) must be accessible via shape inference, "
                    "but saw value None."
                )
    known: int | None = batch.value
    return known


def _lengths(sequence_length: Any) -> Tensor:
    lengths = convert.to_tensor(sequence_length, name="sequence_length")
    if lengths.shape.ndims not in (None, 1):
        raise ValueError("sequence_length must be a vector of length batch_size")
    return lengths


def _zero_output(cell: Any, batch_size: Any, known: int | None, dtype: Any) -> Any:
    def zeros(size: Any) -> Tensor:
        made = array.zeros(stack(concat_sizes(batch_size, size)), dtype)
        made.set_shape(concat_sizes(known, size, static=True))
        return made

    return nest.map_structure(zeros, cell.output_size)


def static_state_saving_rnn(
    cell: Any,
    inputs: Any,
    state_saver: Any,
    state_name: Any,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`static_rnn` that takes its first state from a state saver and stores its last one there.

    Args:
        state_saver: has `state(name)`, a tensor, and `save_state(name, value)`, an op.
        state_name: the state's name, or a nest of names of the form of `cell.state_size`.

    Raises:
        ValueError: `state_name` does not have the form of the state.
    """
    sizes = cell.state_size
    if nest.is_nested(sizes) != nest.is_nested(state_name):
        raise ValueError(
            "state_name should be the same type as cell.state_size.  "
            f"state_name: {state_name}, cell.state_size: {sizes}"
        )
    names, flat_sizes = nest.flatten(state_name), nest.flatten(sizes)
    if len(names) != len(flat_sizes):
        raise ValueError(
            f"#elems(state_name) != #elems(state_size): {len(names)} vs. {len(flat_sizes)}"
        )
    first = nest.pack_sequence_as(sizes, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(
        cell, inputs, initial_state=first, sequence_length=sequence_length, scope=scope
    )
    parts = nest.flatten(state)
    saved = [state_saver.save_state(n, part) for n, part in zip(names, parts, strict=True)]
    with scopes.control_dependencies(saved):
        outputs[-1] = nest.map_structure(array.identity, outputs[-1])
        state = nest.map_structure(array.identity, state)
    return outputs, state


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any, Any]:
    """`static_rnn` of one cell forward and of another one backward over a list of inputs.

    Args:
        cell_fw, cell_bw: the cells; their variables go to the scopes "fw" and "bw".
        sequence_length: each sequence is reversed within its own length.
        scope: "bidirectional_rnn" by default.
        inputs, initial_state_fw, initial_state_bw, dtype: as those of `static_rnn`.

    Returns:
        The list of outputs, forward and backward side by side, and both final states.

    Raises:
        TypeError, ValueError: as `static_rnn`.
    """
    cell_fw = as_rnn_cell("cell_fw", cell_fw)
    cell_bw = as_rnn_cell("cell_bw", cell_bw)
    _check_list(inputs)
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw_scope:
            output_fw, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw_scope
            )
        with variable_scope("bw") as bw_scope:
            backward = reversed_steps(inputs, sequence_length)
            output_bw, state_bw = static_rnn(
                cell_bw, backward, initial_state_bw, dtype, sequence_length, scope=bw_scope
            )
    output_bw = reversed_steps(output_bw, sequence_length)
    pairs = zip(nest.flatten(output_fw), nest.flatten(output_bw), strict=True)
    outputs = nest.pack_sequence_as(output_fw, [concat(pair, 1) for pair in pairs])
    return outputs, state_fw, state_bw


def reversed_steps(sequence: Any, lengths: Any) -> list[Any]:
    """A list of nests in reverse order, each sequence of the batch within its own length."""
    if lengths is None:
        return list(reversed(sequence))
    turned = []
    for values in zip(*(nest.flatten(item) for item in sequence), strict=True):
        shape = TensorShape([None] * values[0].shape.ndims)
        for value in values:
            shape = shape.merge_with(value.shape)
        rows = unstack(reverse_sequence(stack(values), lengths, 0, 1))
        for row in rows:
            row.set_shape(shape)
        turned.append(rows)
    steps = zip(*turned, strict=True)
    return [nest.pack_sequence_as(i, parts) for i, parts in zip(sequence, steps, strict=True)]
