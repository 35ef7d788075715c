"""`tf.nn.raw_rnn`: a cell in a loop whose inputs, states and end a function decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, nest
from tf1x.core.dtypes import int32
from tf1x.core.shapes import TensorShape
from tf1x.lib.rnn.base import as_rnn_cell, concat_sizes
from tf1x.lib.rnn.steps import known_size
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_select import where
from tf1x.ops.control_flow import while_loop
from tf1x.ops.tensor_array import TensorArray

__all__ = ["raw_rnn"]


def raw_rnn(
    cell: Any,
    loop_fn: Callable[..., Any],
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Run a cell for as long as `loop_fn` leaves a sequence unfinished.

    Args:
        cell: an RNNCell.
        loop_fn: takes (time, cell_output, cell_state, loop_state) and returns
            (finished, next_input, next_state, emit, next_loop_state). The first call has time 0
            and None for the others; its `emit` tells the structure of what is emitted (None: that
            of `cell.output_size`), its `next_state` is the first state. `finished` is a vector of
            bools over the batch. A loop state of None stays as it is.
        scope: variable scope of the cell's variables, "rnn" by default.
        parallel_iterations, swap_memory: accepted; XLA schedules.

    Returns:
        What was emitted, as TensorArrays over time, with zeros for sequences that had finished;
        the final state, for each sequence that in which it finished; the final loop state.

    Raises:
        TypeError: `cell` is not an RNNCell, or `loop_fn` not callable.
        ValueError: `loop_fn` returns other structures in later calls.
    """
    cell = as_rnn_cell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with variable_scope(scope or "rnn"):
        loop = _RawLoop(cell, loop_fn)
        arrays, state, loop_state = loop.run(parallel_iterations or 32, swap_memory)
    return arrays, state, loop_state


class _RawLoop:
    """The loop, after its first call of `loop_fn`."""

    def __init__(self, cell: Any, loop_fn: Callable[..., Any]) -> None:
        self._cell = cell
        self._loop_fn = loop_fn
        self._time = convert.constant(0, int32)
        self._finished, self._input, state, emit, self._loop_state = loop_fn(
            self._time, None, None, None
        )
        first = self._batch()
        nest.assert_same_structure(state, cell.state_size)
        self._state = nest.map_structure(convert.to_tensor, state)
        self._emit = cell.output_size if emit is None else emit
        sizes, types = self._emitted(emit)
        self._arrays = self._packed(
            TensorArray(
                dtype,
                size=0,
                dynamic_size=True,
                element_shape=TensorShape([first]).concatenate(known_size(size)),
                name=f"rnn_output_{i}",
            )
            for i, (size, dtype) in enumerate(zip(sizes, types, strict=True))
        )
        batch = array.shape(nest.flatten(self._input)[0])[0] if first is None else first
        self._zeros = self._packed(
            array.zeros(concat_sizes(batch, size), dtype)
            for size, dtype in zip(sizes, types, strict=True)
        )

    def _batch(self) -> int | None:
        inputs = nest.flatten(self._input)
        dims = [x.shape[0] for x in inputs]
        for dim in dims:
            dims[0].assert_is_compatible_with(dim)
        size: int | None = dims[0].value
        return size

    def _emitted(self, emit: Any) -> tuple[list[Any], list[Any]]:
        """Sizes (without batch) and types of what is emitted."""
        if emit is None:
            sizes = nest.flatten(self._cell.output_size)
            return sizes, [nest.flatten(self._state)[0].dtype.base_dtype] * len(sizes)
        parts = nest.flatten(emit)
        sizes = [x.shape if x.shape.is_fully_defined() else array.shape(x) for x in parts]
        return sizes, [x.dtype.base_dtype for x in parts]

    def _packed(self, items: Any) -> Any:
        return nest.pack_sequence_as(self._emit, list(items))

    def run(self, parallel_iterations: int, swap_memory: bool) -> tuple[Any, Any, Any]:
        """Arrays of what was emitted, final state, final loop state."""
        loop_state = convert.constant(0, int32) if self._loop_state is None else self._loop_state
        *_, arrays, state, final = while_loop(
            lambda time, finished, *_: math_ops.LogicalNot(reduce.reduce_all(finished)),
            self._step,
            [self._time, self._finished, self._input, self._arrays, self._state, loop_state],
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
        )
        return arrays, state, None if self._loop_state is None else final

    def _step(
        self, time: Any, finished: Any, current: Any, arrays: Any, state: Any, loop_state: Any
    ) -> tuple[Any, ...]:
        output, cell_state = self._cell(current, state)
        nest.assert_same_structure(state, cell_state)
        nest.assert_same_structure(self._cell.output_size, output)
        following = time + 1
        ended, next_input, next_state, emit, next_loop_state = self._loop_fn(
            following, output, cell_state, loop_state
        )
        nest.assert_same_structure(state, next_state)
        nest.assert_same_structure(current, next_input)
        nest.assert_same_structure(arrays, emit)

        def chosen(old: Any, new: Any) -> Any:
            if isinstance(old, TensorArray) or old.shape.ndims == 0:
                return new
            return where(finished, old, new)

        emit = nest.map_structure(chosen, self._zeros, emit)
        next_state = nest.map_structure(chosen, state, next_state)
        arrays = nest.map_structure(lambda ta, value: ta.write(time, value), arrays, emit)
        kept = loop_state if next_loop_state is None else next_loop_state
        return following, math_ops.LogicalOr(finished, ended), next_input, arrays, next_state, kept
