"""Cells around another cell: attention over the last outputs, highways."""

from __future__ import annotations

from typing import Any

from tf1x.core import nest
from tf1x.core.operation import Tensor
from tf1x.lib.initializers import Constant
from tf1x.lib.rnn.base import RNNCell, columns, input_depth, like_rnncell
from tf1x.lib.rnn.lstm_cells import warn_of_concatenated_state
from tf1x.lib.rnn.projections import Linear
from tf1x.lib.rnn.wrappers import CellWrapper
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat
from tf1x.ops.array_slicing import slice_
from tf1x.ops.conv_functions import conv2d
from tf1x.ops.nn_functions import softmax, xw_plus_b


class AttentionCellWrapper(RNNCell):
    """A cell with attention over its own last outputs (Bahdanau et al. 2014, arXiv 1409.0473).

    The state is (cell's state, attention, last outputs side by side).

    Args:
        cell: the cell.
        attn_length: how many outputs the attention sees.
        attn_size: size of an output; that of the cell by default.
        attn_vec_size: size of the attention's hidden layer; `attn_size` by default.
        input_size: size of what the cell gets; that of the inputs by default.
        state_is_tuple: whether the state is a tuple, else one matrix.
        reuse: whether the variables exist already in the scope.

    Raises:
        TypeError: `cell` is not an RNNCell.
        ValueError: `attn_length` is not positive; a cell whose state is a tuple where
            `state_is_tuple` is false.
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        if not like_rnncell(cell):
            raise TypeError("The parameter cell is not RNNCell.")
        if nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size "
                f"is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        if not state_is_tuple:
            warn_of_concatenated_state(self)
        self._cell = cell
        self._attn_length = attn_length
        self._attn_size: int = attn_size or cell.output_size
        self._attn_vec_size: int = attn_vec_size or self._attn_size
        self._input_size = input_size
        self._state_is_tuple = state_is_tuple
        self._linears: dict[str, Linear] = {}

    @property
    def _sizes(self) -> tuple[Any, int, int]:
        return self._cell.state_size, self._attn_size, self._attn_size * self._attn_length

    @property
    def state_size(self) -> Any:
        return self._sizes if self._state_is_tuple else sum(self._sizes)

    @property
    def output_size(self) -> int:
        return self._attn_size

    def _linear(self, name: str, parts: Any, size: int) -> Tensor:
        if name not in self._linears:
            self._linears[name] = Linear(parts, size, True)
        return self._linears[name](parts)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        length, size = self._attn_length, self._attn_size
        if self._state_is_tuple:
            own, attention, seen = state
        else:
            first, *_ = self._sizes
            own = columns(state, 0, first)
            attention = columns(state, first, size)
            seen = columns(state, first + size, size * length)
        seen = array.reshape(seen, [-1, length, size])
        both = [inputs, attention]
        inputs = self._linear("inputs", both, self._input_size or input_depth(inputs.shape))
        cell_output, new_own = self._cell(inputs, own)
        query = concat(nest.flatten(new_own), 1) if self._state_is_tuple else new_own
        attention, seen = self._attention(query, seen)
        with variable_scope("attn_output_projection"):
            output = self._linear("output", [cell_output, attention], size)
        seen = concat([seen, array.expand_dims(output, 1)], 1)
        seen = array.reshape(seen, [-1, length * size])
        new_state = new_own, attention, seen
        return output, new_state if self._state_is_tuple else concat(list(new_state), 1)

    def _attention(self, query: Any, seen: Any) -> tuple[Tensor, Tensor]:
        """The mean of what was seen, weighted by the query, and all of it but the oldest."""
        length, size, hidden = self._attn_length, self._attn_size, self._attn_vec_size
        with variable_scope("attention"):
            kernel = get_variable("attn_w", [1, 1, size, hidden])
            vector = get_variable("attn_v", [hidden])
            places = array.reshape(seen, [-1, length, 1, size])
            features = conv2d(places, kernel, [1, 1, 1, 1], "SAME")
            asked = array.reshape(self._linear("query", query, hidden), [-1, 1, 1, hidden])
            scores = reduce.reduce_sum(vector * math_ops.Tanh(features + asked), [2, 3])
            weights = array.reshape(softmax(scores), [-1, length, 1, 1])
            mean = reduce.reduce_sum(weights * places, [1, 2])
            return array.reshape(mean, [-1, size]), slice_(seen, [0, 1, 0], [-1, -1, -1])


class HighwayWrapper(CellWrapper):
    """Gates between a cell's inputs and outputs (Srivastava et al. 2015, arXiv 1505.00387).

    Args:
        cell: a cell whose outputs have the size of its inputs.
        couple_carry_transform_gates: whether the outputs' gate is 1 - the inputs' gate.
        carry_bias_init: first value of the bias of the inputs' gate.
    """

    def __init__(
        self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0
    ) -> None:
        super().__init__(cell)
        self._couple = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    @property
    def trainable_weights(self) -> list[Any]:
        return [*super().trainable_weights, *self._trainable_weights]

    def _gate(self, name: str, inputs: Any, start: float) -> Tensor:
        size = input_depth(inputs.shape)
        weight = get_variable(f"{name}_w", [size, size])
        bias = get_variable(f"{name}_b", [size], initializer=Constant(start))
        self._trainable_weights += [
            v for v in (weight, bias) if all(v is not w for w in self._trainable_weights)
        ]
        gate: Tensor = math_ops.Sigmoid(xw_plus_b(inputs, weight, bias))
        return gate

    def _highway(self, inputs: Any, outputs: Any) -> Tensor:
        inputs.shape.assert_is_compatible_with(outputs.shape)
        carry = self._gate("carry", inputs, self._carry_bias_init)
        if self._couple:
            transform = 1 - carry
        else:
            transform = self._gate("transform", inputs, -self._carry_bias_init)
        mixed: Tensor = inputs * carry + outputs * transform
        return mixed

    def _call_wrapped_cell(self, inputs: Any, state: Any, cell_call_fn: Any, **kwargs: Any) -> Any:
        outputs, new_state = cell_call_fn(inputs, state, **kwargs)
        return nest.map_structure(self._highway, inputs, outputs), new_state


class CompiledWrapper(CellWrapper):
    """The cell itself: XLA compiles every cell.

    Args:
        cell: the cell.
        compile_stateful: accepted.
    """

    def __init__(self, cell: Any, compile_stateful: bool = False) -> None:
        super().__init__(cell)
