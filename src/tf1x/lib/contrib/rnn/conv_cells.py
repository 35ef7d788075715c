"""LSTMs whose products are convolutions."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.initializers import Constant
from tf1x.lib.rnn.base import RNNCell
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.lib.variable_scope import get_variable
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split
from tf1x.ops.conv import Conv3D
from tf1x.ops.conv_functions import conv1d, conv2d

_sigmoid, _tanh = math_ops.Sigmoid, math_ops.Tanh


class ConvLSTMCell(RNNCell):
    """Convolutional LSTM (Shi et al. 2015, arXiv 1506.04214) without peepholes.

    Args:
        conv_ndims: 1, 2 or 3 dimensions.
        input_shape: shape of the inputs without the batch, channels last.
        output_channels: channels of memory and output.
        kernel_shape: size of the kernel in each dimension.
        use_bias: whether there is a variable `biases`.
        skip_connection: whether the inputs are put beside the output.
        forget_bias: added to the forget gate's input.
        initializers: accepted and not used, as in TensorFlow.
        name: as that of `tf.layers.Layer`.

    Raises:
        ValueError: `input_shape` does not have `conv_ndims` dimensions and channels.
    """

    def __init__(
        self,
        conv_ndims: int,
        input_shape: Any,
        output_channels: int,
        kernel_shape: Any,
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializers: Any = None,
        name: Any = "conv_lstm_cell",
    ) -> None:
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        self._conv_ndims = conv_ndims
        self._output_channels = output_channels
        self._kernel_shape = list(kernel_shape)
        self._use_bias = use_bias
        self._skip_connection = skip_connection
        self._forget_bias = forget_bias
        *space, channels = input_shape
        size = TensorShape([*space, output_channels])
        self._state_size = LSTMStateTuple(size, size)
        self._output_size = TensorShape(
            [*space, output_channels + (channels if skip_connection else 0)]
        )

    @property
    def state_size(self) -> Any:
        return self._state_size

    @property
    def output_size(self) -> TensorShape:
        return self._output_size

    def _convolution(self, inputs: Any, hidden: Any) -> Tensor:
        both = concat([inputs, hidden], axis=self._conv_ndims + 1)
        dtype = both.dtype.base_dtype
        channels = 4 * self._output_channels
        kernel = get_variable(
            "kernel", [*self._kernel_shape, both.shape[-1].value, channels], dtype=dtype
        )
        ones = [1] * (self._conv_ndims + 2)
        if self._conv_ndims == 1:
            result = conv1d(both, kernel, 1, padding="SAME")
        elif self._conv_ndims == 2:
            result = conv2d(both, kernel, ones, padding="SAME")
        else:
            result = Conv3D(both, kernel, strides=ones, padding="SAME")
        if not self._use_bias:
            return result
        bias = get_variable(
            "biases", [channels], dtype=dtype, initializer=Constant(0.0, dtype=dtype)
        )
        return result + bias

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        memory, hidden = state
        i, j, f, o = split(self._convolution(inputs, hidden), 4, axis=self._conv_ndims + 1)
        memory = _sigmoid(f + self._forget_bias) * memory + _sigmoid(i) * _tanh(j)
        output = _tanh(memory) * _sigmoid(o)
        if self._skip_connection:
            output = concat([output, inputs], axis=-1)
        return output, LSTMStateTuple(memory, output)


class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of one dimension."""

    def __init__(self, name: Any = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of two dimensions."""

    def __init__(self, name: Any = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of three dimensions."""

    def __init__(self, name: Any = "conv_3d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=3, name=name, **kwargs)
