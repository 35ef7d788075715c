"""`tf.nn.dynamic_rnn` and `tf.nn.bidirectional_dynamic_rnn`: a cell over all steps of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.rnn.base import as_rnn_cell, concat_sizes
from tf1x.lib.rnn.steps import copied_through, initial_state_of, known_size, state_dtype
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, reverse, reverse_sequence, stack, transpose
from tf1x.ops.checks import Assert
from tf1x.ops.control_flow import while_loop
from tf1x.ops.tensor_array import TensorArray

__all__ = [
    "best_effort_input_batch_size",
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "transpose_batch_time",
]


def transpose_batch_time(x: Tensor) -> Tensor:
    """`x` with its first two dimensions exchanged; vectors and scalars as they are."""
    shape = x.shape
    if shape.ndims is not None and shape.ndims < 2:
        return x
    rank = array.rank(x)
    swapped: Tensor = transpose(x, concat(([1, 0], array.range_(2, rank)), axis=0))
    if shape.ndims is not None:
        batch, time, *rest = shape.as_list()
        swapped.set_shape([time, batch, *rest])
    return swapped


def best_effort_input_batch_size(flat_input: Sequence[Tensor]) -> Any:
    """The batch size of time-major inputs: an int if one of them tells it, else a scalar tensor.

    Raises:
        ValueError: an input of rank below 2.
    """
    for tensor in flat_input:
        shape = tensor.shape
        if shape.ndims is None:
            continue
        if shape.ndims < 2:
            raise ValueError(f"Expected input tensor {tensor.name} to have rank at least 2")
        if shape[1].value is not None:
            return shape[1].value
    return array.shape(flat_input[0])[1]


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Apply a cell to the steps of `inputs`, one after the other.

    Args:
        cell: an RNNCell.
        inputs: a tensor [batch, time, ...], or a nest of them.
        sequence_length: how many steps of each sequence count, a vector of ints. Outputs after
            them are zero, and the state stays as it was at the last of them.
        initial_state: a state of the cell; zeros of type `dtype` by default.
        dtype: type of state and outputs; required without `initial_state`.
        time_major: whether inputs and outputs are [time, batch, ...].
        scope: variable scope of the cell's variables, "rnn" by default.
        parallel_iterations, swap_memory: accepted; XLA schedules.

    Returns:
        The outputs of all steps, [batch, time, ...] (a nest in the form of `cell.output_size`),
        and the final state.

    Raises:
        TypeError: `cell` is not an RNNCell.
        ValueError: neither `initial_state` nor `dtype`; inputs whose depth is not known.
        InvalidArgumentError (at run time): `sequence_length` does not have the batch's size.
    """
    cell = as_rnn_cell("cell", cell)
    with variable_scope(scope or "rnn"):
        flat = [convert.to_tensor(x) for x in nest.flatten(inputs)]
        if not time_major:
            flat = [transpose_batch_time(x) for x in flat]
        lengths = _lengths(sequence_length)
        batch_size = best_effort_input_batch_size(flat)
        state = initial_state_of(cell, initial_state, batch_size, dtype)
        if lengths is not None:
            lengths = _checked_lengths(lengths, batch_size)
        loop = _Loop(cell, nest.pack_sequence_as(inputs, flat), lengths, dtype)
        outputs, final = loop.run(state, parallel_iterations or 32, swap_memory)
        if not time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
    return outputs, final


def _lengths(sequence_length: Any) -> Tensor | None:
    if sequence_length is None:
        return None
    lengths = math_ops.cast(sequence_length, int32)
    if lengths.shape.ndims not in (None, 1):
        raise ValueError(
            f"sequence_length must be a vector of length batch_size, but saw shape: {lengths.shape}"
        )
    named: Tensor = array.identity(lengths, name="sequence_length")
    return named


def _checked_lengths(lengths: Tensor, batch_size: Any) -> Tensor:
    actual, expected = array.shape(lengths), stack([batch_size])
    check = Assert(
        reduce.reduce_all(math_ops.Equal(actual, expected)),
        [
            f"Expected shape for Tensor {lengths.name} is ",
            expected,
            " but saw shape: ",
            actual,
        ],
    )
    with scopes.control_dependencies([check]):
        checked: Tensor = array.identity(lengths, name="CheckSeqLen")
        return checked


class _Loop:
    """The loop over the steps of time-major inputs.

    It always runs over all steps there are: their number is known when a run is compiled, that of
    the longest sequence is not. Steps after a sequence's end change nothing.
    """

    def __init__(self, cell: Any, inputs: Any, lengths: Tensor | None, dtype: Any) -> None:
        self._cell = cell
        self._structure = inputs
        self._inputs = nest.flatten(inputs)
        self._lengths = lengths
        self._dtype = dtype
        self._shapes = [x.shape.with_rank_at_least(3) for x in self._inputs]
        self._steps = array.shape(self._inputs[0])[0]
        self._known_steps, self._known_batch = self._check()

    def _check(self) -> tuple[int | None, int | None]:
        time, batch = self._shapes[0].as_list()[:2]
        for tensor, shape in zip(self._inputs, self._shapes, strict=True):
            if not shape[2:].is_fully_defined():
                raise ValueError(
                    "Input size (depth of inputs) must be accessible via shape inference, but saw "
                    f"value None for input={tensor}."
                )
            own_time, own_batch = shape.as_list()[:2]
            if own_time != time:
                raise ValueError(
                    "Time steps is not the same for all the elements in the input in a batch. "
                    f"Received time steps={own_time} for input={tensor}."
                )
            if own_batch != batch:
                raise ValueError(
                    "Batch_size is not the same for all the elements in the input. "
                    f"Received batch size={own_batch} for input={tensor}."
                )
        return time, batch

    def run(self, state: Any, parallel_iterations: int, swap_memory: bool) -> tuple[Any, Any]:
        """Outputs of all steps, and the final state."""
        sizes = nest.flatten(self._cell.output_size)
        dtype = state_dtype(self._dtype, state)
        zeros = self._zero_output(sizes, dtype) if self._lengths is not None else None
        time = convert.constant(0, int32, name="time")
        inputs, outputs = self._arrays(sizes, dtype)

        def step(time: Tensor, outputs: Any, state: Any) -> Any:
            values = [ta.read(time) for ta in inputs]
            for value, shape in zip(values, self._shapes, strict=True):
                value.set_shape(shape[1:])
            output, new = self._cell(nest.pack_sequence_as(self._structure, values), state)
            if self._lengths is not None:
                output, new = copied_through(time >= self._lengths, zeros, output, state, new)
            flat = nest.flatten(output)
            written = tuple(ta.write(time, x) for ta, x in zip(outputs, flat, strict=True))
            return time + 1, written, new

        _, outputs, final = while_loop(
            lambda time, *_: time < self._steps,
            step,
            (time, outputs, state),
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
        )
        return self._stacked(outputs, sizes), final

    def _zero_output(self, sizes: list[Any], dtype: Any) -> Any:
        batch_size = best_effort_input_batch_size(self._inputs)
        zeros = [array.zeros(stack(concat_sizes(batch_size, size)), dtype) for size in sizes]
        return nest.pack_sequence_as(self._cell.output_size, zeros)

    def _arrays(self, sizes: list[Any], dtype: Any) -> tuple[Any, Any]:
        with scopes.name_scope("dynamic_rnn") as base:
            pass
        outputs = tuple(
            TensorArray(
                dtype,
                size=self._steps,
                element_shape=TensorShape([self._known_batch]).concatenate(known_size(size)),
                tensor_array_name=f"{base}output_{i}",
            )
            for i, size in enumerate(sizes)
        )
        inputs = tuple(
            TensorArray(
                x.dtype,
                size=self._steps,
                element_shape=x.shape[1:],
                tensor_array_name=f"{base}input_{i}",
            ).unstack(x)
            for i, x in enumerate(self._inputs)
        )
        return inputs, outputs

    def _stacked(self, arrays: Any, sizes: list[Any]) -> Any:
        outputs = []
        for ta, size in zip(arrays, sizes, strict=True):
            output = ta.stack()
            output.set_shape(
                concat_sizes([self._known_steps, self._known_batch], size, static=True)
            )
            outputs.append(output)
        return nest.pack_sequence_as(self._cell.output_size, outputs)


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """`dynamic_rnn` of one cell forward and of another one backward in time.

    Args:
        cell_fw, cell_bw: the cells; their variables go to the scopes "fw" and "bw".
        sequence_length: each sequence is reversed within its own length.
        initial_state_fw, initial_state_bw: states of the cells.
        scope: "bidirectional_rnn" by default.
        inputs, dtype, parallel_iterations, swap_memory, time_major: as those of `dynamic_rnn`.

    Returns:
        The pairs (forward, backward) of the outputs and of the final states. Step t of both
        outputs belongs to step t of the inputs.

    Raises:
        TypeError: a cell is not an RNNCell; and what `dynamic_rnn` raises.
    """
    cell_fw = as_rnn_cell("cell_fw", cell_fw)
    cell_bw = as_rnn_cell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)

    def reversed_(value: Any) -> Tensor:
        turned: Tensor
        if sequence_length is None:
            turned = reverse(value, axis=[time_axis])
        else:
            turned = reverse_sequence(
                value, sequence_length, seq_axis=time_axis, batch_axis=batch_axis
            )
        return turned

    def run(cell: Any, values: Any, state: Any, own: Any) -> tuple[Any, Any]:
        return dynamic_rnn(
            cell,
            values,
            sequence_length,
            state,
            dtype,
            parallel_iterations,
            swap_memory,
            time_major,
            own,
        )

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw_scope:
            output_fw, state_fw = run(cell_fw, inputs, initial_state_fw, fw_scope)
        with variable_scope("bw") as bw_scope:
            backward = nest.map_structure(reversed_, inputs)
            output_bw, state_bw = run(cell_bw, backward, initial_state_bw, bw_scope)
    output_bw = nest.map_structure(reversed_, output_bw)
    return (output_fw, output_bw), (state_fw, state_bw)
