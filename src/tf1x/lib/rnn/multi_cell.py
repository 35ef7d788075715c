"""`MultiRNNCell`: cells on top of one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import nest, scopes
from tf1x.lib import logging
from tf1x.lib.layers.base import Layer
from tf1x.lib.rnn.base import RNNCell, columns
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.array_moves import concat

__all__ = ["MultiRNNCell"]


class MultiRNNCell(RNNCell):
    """Several cells, each with the output of the one before as its input.

    Args:
        cells: the cells, the first nearest to the input. The same object twice shares variables.
        state_is_tuple: whether the state is a tuple of the cells' states, else one matrix.

    Raises:
        ValueError: no cells; a cell whose state is a tuple where `state_is_tuple` is false.
        TypeError: `cells` is not a list or tuple.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            logging.warning(
                "At least two cells provided to MultiRNNCell are the same object and will share weights."
            )
        self._cells = cells
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(nest.is_nested(cell.state_size) for cell in cells):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set. "
                f"State sizes are: {[cell.state_size for cell in cells]}"
            )

    @property
    def state_size(self) -> Any:
        sizes = [cell.state_size for cell in self._cells]
        return tuple(sizes) if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with scopes.name_scope(f"{type(self).__name__}ZeroState"):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    def _of_cells(self, weights: Callable[[Layer], list[Any]]) -> list[Any]:
        layers = [cell for cell in self._cells if isinstance(cell, Layer)]
        return list({id(w): w for layer in layers for w in weights(layer)}.values())

    @property
    def trainable_weights(self) -> list[Any]:
        return self._of_cells(lambda cell: cell.trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        frozen = [] if self.trainable else self._of_cells(lambda cell: cell.trainable_weights)
        return frozen + self._of_cells(lambda cell: cell.non_trainable_weights)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """One step of all cells."""
        if self._state_is_tuple and not nest.is_nested(state):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self.state_size)}, but received: {state}"
            )
        output = inputs
        states = []
        position = 0
        for number, cell in enumerate(self._cells):
            with variable_scope(f"cell_{number}"):
                if self._state_is_tuple:
                    own = state[number]
                else:
                    own = columns(state, position, cell.state_size)
                    position += cell.state_size
                output, new = cell(output, own)
                states.append(new)
        return output, tuple(states) if self._state_is_tuple else concat(states, 1)
