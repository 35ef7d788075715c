"""Layers of bidirectional recurrent networks, each seeing both directions of the one below."""

from __future__ import annotations

from typing import Any

from tf1x.lib.rnn.dynamic import bidirectional_dynamic_rnn
from tf1x.lib.rnn.static import static_bidirectional_rnn
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.array_moves import concat


def _checked(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> list[tuple[Any, ...]]:
    """Of each layer both cells and both first states (None where they are not given)."""
    for cells, direction in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not cells:
            raise ValueError(f"Must specify at least one {direction} cell for BidirectionalRNN.")
        if not isinstance(cells, list):
            raise ValueError(f"cells_{direction} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for states, direction in ((states_fw, "fw"), (states_bw, "bw")):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells_fw)):
            raise ValueError(
                f"initial_states_{direction} must be a list of state tensors (one per layer)."
            )
    none = [None] * len(cells_fw)
    return list(zip(cells_fw, cells_bw, states_fw or none, states_bw or none, strict=True))


def stack_bidirectional_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """`tf.nn.static_bidirectional_rnn`, layer upon layer.

    Args:
        cells_fw, cells_bw: lists of cells, one for each layer.
        inputs: a list of tensors [batch, size].
        initial_states_fw, initial_states_bw: lists of states; zeros of type `dtype` by default.
        sequence_length: how many steps of each sequence count.
        scope: "stack_bidirectional_rnn" by default; the variables of layer i are below "cell_i".

    Returns:
        The list of the last layer's outputs (both directions side by side), and the tuples of
        the final states of all layers forward and backward.

    Raises:
        ValueError: the lists are empty or differ in length.
    """
    layers = _checked(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    final_fw, final_bw = [], []
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (cell_fw, cell_bw, first_fw, first_bw) in enumerate(layers):
            with variable_scope(f"cell_{i}") as own:
                inputs, state_fw, state_bw = static_bidirectional_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    first_fw,
                    first_bw,
                    dtype,
                    sequence_length,
                    scope=own,
                )
            final_fw.append(state_fw)
            final_bw.append(state_bw)
    return inputs, tuple(final_fw), tuple(final_bw)


def stack_bidirectional_dynamic_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> tuple[Any, Any, Any]:
    """`tf.nn.bidirectional_dynamic_rnn`, layer upon layer.

    Args:
        inputs: a tensor [batch, time, size], or [time, batch, size] with `time_major`.
        parallel_iterations, swap_memory: accepted; XLA schedules.
        cells_fw, cells_bw, initial_states_fw, initial_states_bw, dtype, sequence_length, scope: as
            those of `stack_bidirectional_rnn`.

    Returns:
        The last layer's outputs [batch, time, both sizes], and the tuples of the final states of
        all layers forward and backward.

    Raises:
        ValueError: the lists are empty or differ in length.
    """
    layers = _checked(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    final_fw, final_bw = [], []
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (cell_fw, cell_bw, first_fw, first_bw) in enumerate(layers):
            with variable_scope(f"cell_{i}"):
                outputs, (state_fw, state_bw) = bidirectional_dynamic_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    sequence_length,
                    first_fw,
                    first_bw,
                    dtype,
                    parallel_iterations,
                    swap_memory,
                    time_major,
                )
                inputs = concat(outputs, 2)
            final_fw.append(state_fw)
            final_bw.append(state_bw)
    return inputs, tuple(final_fw), tuple(final_bw)
