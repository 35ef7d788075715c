"""The simplest recurrent cells: `BasicRNNCell` and `GRUCell`."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.lib.layers.utils import as_initializer
from tf1x.lib.rnn.base import (
    LayerRNNCell,
    affine,
    cell_activation,
    check_dtypes,
    input_depth,
)
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import split

__all__ = ["BasicRNNCell", "GRUCell"]


class _OneStateCell(LayerRNNCell):
    """A cell whose state is its last output."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtypes(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = cell_activation(activation)

    @property
    def state_size(self) -> int:
        return self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units


class BasicRNNCell(_OneStateCell):
    """`output = state = activation([inputs, state] @ kernel + bias)`.

    Args:
        num_units: size of state and output.
        activation: tanh by default.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def build(self, input_shape: Any) -> None:
        depth = input_depth(input_shape)
        check_dtypes(self.dtype)
        units = self._num_units
        self._kernel = self.add_weight("kernel", shape=[depth + units, units])
        self._bias = self.add_weight("bias", shape=[units], initializer=self._zeros())
        super().build(input_shape)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        check_dtypes(inputs, state)
        output = self._activation(affine([inputs, state], self._kernel, self._bias))
        return output, output


class GRUCell(_OneStateCell):
    """Gated recurrent unit (Cho et al. 2014), the reset gate before the product.

    Args:
        num_units: size of state and output.
        activation: of the candidate, tanh by default.
        reuse: whether the variables exist already in the scope.
        kernel_initializer, bias_initializer: of both pairs of variables; without one the gates'
            bias starts at 1.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, activation, reuse, name=name, dtype=dtype, **kwargs)
        self._kernel_initializer = as_initializer(kernel_initializer)
        self._bias_initializer = as_initializer(bias_initializer)

    def build(self, input_shape: Any) -> None:
        depth = input_depth(input_shape)
        check_dtypes(self.dtype)
        units = self._num_units
        self._gate_kernel, self._gate_bias = self._pair("gates", depth, 2 * units, 1.0)
        self._candidate_kernel, self._candidate_bias = self._pair("candidate", depth, units, 0.0)
        super().build(input_shape)

    def _pair(self, name: str, depth: int, size: int, bias: float) -> tuple[Any, Any]:
        kernel = self.add_weight(
            f"{name}/kernel",
            shape=[depth + self._num_units, size],
            initializer=self._kernel_initializer,
        )
        start = self._bias_initializer
        if start is None:
            start = self._constant(bias) if bias else self._zeros()
        return kernel, self.add_weight(f"{name}/bias", shape=[size], initializer=start)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        check_dtypes(inputs, state)
        gates = math_ops.Sigmoid(affine([inputs, state], self._gate_kernel, self._gate_bias))
        reset, update = split(gates, 2, axis=1)
        candidate = affine([inputs, reset * state], self._candidate_kernel, self._candidate_bias)
        output = update * state + (1 - update) * self._activation(candidate)
        return output, output
