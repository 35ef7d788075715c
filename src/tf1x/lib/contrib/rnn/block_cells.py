"""Cells whose step, or whose whole loop, is a single op: `LSTMBlockCell` and its kin."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import int64
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.initializers import Constant
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.lib.rnn.base import LayerRNNCell, input_depth
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.ops import array, reduce, rnn
from tf1x.ops import math as math_ops
from tf1x.ops.array_gather import gather_nd
from tf1x.ops.array_moves import Tile, concat, stack, transpose, unstack
from tf1x.ops.array_select import sequence_mask


class _Weights:
    """The variables of an LSTM, in the scope of a layer, and the options of its ops."""

    def __init__(
        self, num_units: int, forget_bias: float, cell_clip: float | None, use_peephole: bool
    ) -> None:
        self._units = num_units
        self._use_peephole = use_peephole
        self._options = {
            "forget_bias": forget_bias,
            "cell_clip": -1.0 if cell_clip is None else cell_clip,
            "use_peephole": use_peephole,
        }

    def create(self, layer: Layer, depth: int) -> None:
        units = self._units
        self._kernel = layer.add_weight("kernel", [depth + units, 4 * units])
        self._bias = layer.add_weight("bias", [4 * units], initializer=Constant(0.0))
        self._peepholes = [
            layer.add_weight(f"w_{gate}_diag", [units]) for gate in "ifo" if self._use_peephole
        ]

    def __call__(self, op: Any, *inputs: Any, dtype: Any) -> tuple[Tensor, Tensor]:
        """Memory and output by an op that takes these weights after its `inputs`."""
        peepholes = self._peepholes or [array.zeros([self._units], dtype=dtype)] * 3
        _, memory, _, _, _, _, output = op(
            *inputs, self._kernel, *peepholes, self._bias, **self._options
        )
        return memory, output


class LSTMBlockCell(LayerRNNCell):
    """An LSTM whose step is one op; its variables are those of `tf.nn.rnn_cell.LSTMCell`.

    Args:
        num_units: size of memory and output.
        forget_bias: added to the forget gate's input.
        cell_clip: largest magnitude of the memory; none by default.
        use_peephole: whether the gates see the memory.
        dtype, name: as those of `tf.layers.Layer`.
        reuse: whether the variables exist already in the scope.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: Any = None,
        name: Any = "lstm_cell",
    ) -> None:
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._weights = _Weights(num_units, forget_bias, cell_clip, use_peephole)
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        return self._num_units

    def build(self, input_shape: Any) -> None:
        self._weights.create(self, input_depth(input_shape))
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        memory, output = self._weights(rnn.LSTMBlockCell, inputs, *state, dtype=self.dtype)
        return output, LSTMStateTuple(memory, output)


class LSTMBlockWrapper(Layer):
    """Base of LSTMs over all steps; a subclass tells `num_units` and defines `_call_cell`."""

    @property
    def num_units(self) -> int:
        """Size of the output."""
        raise NotImplementedError(f"{type(self).__name__} must define num_units")

    def _call_cell(
        self, inputs: Any, memory: Any, output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Tensor, Tensor]:
        """Memories and outputs of all steps, [time, batch, units], from the first ones."""
        raise NotImplementedError(f"{type(self).__name__} must define _call_cell")

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
    ) -> Any:
        """Outputs of all steps, and the final `LSTMStateTuple`.

        Args:
            inputs: a tensor [time, batch, size], or a list of tensors [batch, size].
            initial_state: a pair of memory and output [batch, units]; zeros of type `dtype` by
                default.
            sequence_length: how many steps of each sequence count.

        Raises:
            ValueError: neither `initial_state` nor `dtype`; a state that is no pair.
        """
        is_list = isinstance(inputs, list)
        if is_list:
            inputs = stack(inputs)
        shape = inputs.shape.with_rank(3)
        batch = shape[1].value or array.shape(inputs)[1]
        steps = shape[0].value or array.shape(inputs)[0]
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            zeros = array.zeros(stack([batch, self.num_units]), dtype=dtype)
            initial_state = zeros, zeros
        elif len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        first_memory, first_output = initial_state
        dtype = first_memory.dtype if dtype is None else dtype
        lengths = None if sequence_length is None else convert.to_tensor(sequence_length)
        memories, outputs = self._call_cell(inputs, first_memory, first_output, dtype, lengths)
        if lengths is None:
            state = LSTMStateTuple(memories[-1], outputs[-1])
        else:
            mask = transpose(sequence_mask(lengths, steps, dtype=dtype), [1, 0])
            outputs = outputs * Tile(array.expand_dims(mask, [-1]), [1, 1, self.num_units])
            state = LSTMStateTuple(
                _last(first_memory, memories, lengths, batch),
                _last(first_output, outputs, lengths, batch),
            )
        return unstack(outputs) if is_list else outputs, state


def _last(first: Any, values: Any, lengths: Any, batch: Any) -> Tensor:
    """Of each sequence the value after its last step; `first`, where it has none."""
    lengths = math_ops.cast(lengths, "int32")
    places = stack([lengths, array.range_(batch)], axis=1)
    last: Tensor = gather_nd(concat([array.expand_dims(first, [0]), values], 0), places)
    return last


class LSTMBlockFusedCell(LSTMBlockWrapper):
    """An LSTM whose loop over all steps is one op; see `LSTMBlockWrapper.call`.

    Args:
        num_units, forget_bias, cell_clip, use_peephole, reuse, dtype, name: as those of
            `LSTMBlockCell`.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: Any = None,
        dtype: Any = None,
        name: Any = "lstm_fused_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units = num_units
        self._weights = _Weights(num_units, forget_bias, cell_clip, use_peephole)
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self) -> int:
        return self._num_units

    def build(self, input_shape: Any) -> None:
        self._weights.create(self, input_depth(input_shape))
        self.built = True

    def _call_cell(
        self, inputs: Any, memory: Any, output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Tensor, Tensor]:
        if sequence_length is None:
            steps = array.shape(inputs)[0]
        else:
            steps = reduce.reduce_max(sequence_length)
        return self._weights(
            rnn.BlockLSTM, math_ops.cast(steps, int64), inputs, memory, output, dtype=dtype
        )


class GRUBlockCell(LayerRNNCell):
    """A GRU whose step is one op, with variables `w_ru`, `b_ru`, `w_c`, `b_c`.

    Args:
        num_units: size of state and output.
        cell_size: the old name of `num_units`.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.

    Raises:
        ValueError: both or neither of `num_units` and `cell_size`.
    """

    _NAMES = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: Any = None,
        name: Any = "gru_cell",
        dtype: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size: int = cell_size if num_units is None else num_units  # type: ignore[assignment]
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> int:
        return self._cell_size

    @property
    def output_size(self) -> int:
        return self._cell_size

    def build(self, input_shape: Any) -> None:
        units = self._cell_size
        rows = input_depth(input_shape) + units
        gate_kernel, gate_bias, kernel, bias = self._NAMES
        self._gate_kernel = self.add_weight(gate_kernel, [rows, 2 * units])
        self._gate_bias = self.add_weight(gate_bias, [2 * units], initializer=Constant(1.0))
        self._candidate_kernel = self.add_weight(kernel, [rows, units])
        self._candidate_bias = self.add_weight(bias, [units], initializer=Constant(0.0))
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        size = TensorShape(state.shape).with_rank(2)[1].value
        if size != self._cell_size:
            raise ValueError(f"Shape of h_prev[1] incorrect: cell_size {self._cell_size} vs {size}")
        *_, new = rnn.GRUBlockCell(
            inputs,
            state,
            self._gate_kernel,
            self._candidate_kernel,
            self._gate_bias,
            self._candidate_bias,
        )
        return new, new


class GRUBlockCellV2(GRUBlockCell):
    """`GRUBlockCell` with the variables of `tf.nn.rnn_cell.GRUCell`."""

    _NAMES = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
