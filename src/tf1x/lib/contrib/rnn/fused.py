"""Recurrent networks that take all steps at once, and cells used as such."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from tf1x.lib.rnn.dynamic import dynamic_rnn
from tf1x.lib.rnn.static import reversed_steps, static_rnn
from tf1x.ops.array_moves import reverse, reverse_sequence, stack, unstack


class FusedRNNCell(ABC):
    """Base of networks over all steps: `outputs, state = cell(inputs, initial_state, dtype, ...)`.

    Inputs and outputs are tensors [time, batch, size], or lists of tensors [batch, size].
    """

    @abstractmethod
    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        """Outputs of all steps, and the final state."""


class FusedRNNCellAdaptor(FusedRNNCell):
    """An RNNCell as a `FusedRNNCell`.

    Args:
        cell: the cell.
        use_dynamic_rnn: whether a loop runs over the steps, else each has ops of its own.
    """

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        options = {
            "initial_state": initial_state,
            "dtype": dtype,
            "sequence_length": sequence_length,
            "scope": scope,
        }
        is_list = isinstance(inputs, list)
        if self._use_dynamic_rnn:
            steps = stack(inputs) if is_list else inputs
            outputs, state = dynamic_rnn(self._cell, steps, time_major=True, **options)
            return unstack(outputs) if is_list else outputs, state
        steps = inputs if is_list else unstack(inputs)
        outputs, state = static_rnn(self._cell, steps, **options)
        return outputs if is_list else stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A `FusedRNNCell` that runs backward in time; outputs stand at their inputs' steps."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        outputs, state = self._cell(
            _reversed(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _reversed(outputs, sequence_length), state


def _reversed(steps: Any, lengths: Any) -> Any:
    if isinstance(steps, list):
        return reversed_steps(steps, lengths)
    if lengths is None:
        return reverse(steps, [0])
    return reverse_sequence(steps, lengths, 0, 1)
