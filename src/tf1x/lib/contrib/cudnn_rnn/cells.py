"""The cells that cuDNN's layers are made of, with variables as those of TensorFlow's cells."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.rnn.block_cells import LSTMBlockCell
from tf1x.lib.rnn.base import input_depth
from tf1x.lib.rnn.basic_cells import GRUCell
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """The cell of `CudnnLSTM`: an LSTM without a forget bias.

    Args:
        num_units: size of memory and output.
        reuse: whether the variables exist already in the scope.
    """

    def __init__(self, num_units: int, reuse: Any = None) -> None:
        super().__init__(num_units, forget_bias=0.0, reuse=reuse, name="cudnn_compatible_lstm_cell")


class CudnnCompatibleGRUCell(GRUCell):
    """The cell of `CudnnGRU`: the reset gate after the candidate's product with the state.

    Args:
        num_units: size of state and output.
        reuse: whether the variables exist already in the scope.
        kernel_initializer: of all kernels.
    """

    def __init__(self, num_units: int, reuse: Any = None, kernel_initializer: Any = None) -> None:
        super().__init__(num_units, None, reuse, kernel_initializer)

    def build(self, input_shape: Any) -> None:
        depth, units = input_depth(input_shape), self._num_units
        self._gates = self._weights("gates", depth + units, 2 * units, 1.0)
        self._of_input = self._weights("candidate/input_projection", depth, units, 0.0)
        self._of_state = self._weights("candidate/hidden_projection", units, units, 0.0)
        self.built = True

    def _weights(self, name: str, rows: int, columns: int, bias: float) -> tuple[Any, Any]:
        kernel = self.add_weight(
            f"{name}/kernel", shape=[rows, columns], initializer=self._kernel_initializer
        )
        start = self._constant(bias)
        return kernel, self.add_weight(f"{name}/bias", shape=[columns], initializer=start)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        gates = _affine(concat([inputs, state], 1), self._gates)
        reset, update = split(math_ops.Sigmoid(gates), 2, axis=1)
        total = _affine(inputs, self._of_input) + reset * _affine(state, self._of_state)
        output = (1 - update) * self._activation(total) + update * state
        return output, output


def _affine(values: Any, weights: tuple[Any, Any]) -> Tensor:
    return bias_add(matmul(values, weights[0]), weights[1])
