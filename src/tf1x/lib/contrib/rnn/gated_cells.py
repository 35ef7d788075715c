"""Cells with few gates: UGRNN, +RNN, SRU and the independently recurrent ones."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.rnn.parts import UnitsShaped
from tf1x.lib.initializers import RandomUniform
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.lib.rnn.base import LayerRNNCell, input_depth
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.lib.rnn.projections import Linear
from tf1x.lib.variable_scope import get_variable_scope, variable_scope
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import Tile, concat, split
from tf1x.ops.matmul import matmul
from tf1x.ops.nn import Relu
from tf1x.ops.nn_functions import bias_add

_sigmoid, _tanh = math_ops.Sigmoid, math_ops.Tanh


class UGRNNCell(UnitsShaped):
    """A cell with one gate between old state and candidate (Collins et al. 2017, arXiv 1611.09913).

    Args:
        num_units: size of state and output.
        initializer: of kernel and bias.
        forget_bias: added to the gate's input.
        activation: of the candidate.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Any = _tanh,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, reuse, **kwargs)
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation
        self._linear: Linear | None = None

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            both = concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(both, 2 * self._num_units, True)
            gate, candidate = split(self._linear(both), 2, axis=1)
            kept = _sigmoid(gate + self._forget_bias)
            new = kept * state + (1.0 - kept) * self._activation(candidate)
        return new, new


class IntersectionRNNCell(UnitsShaped):
    """+RNN: a gate through time and another one through depth (Collins et al. 2017).

    Args:
        num_units: size of state and output, and of the inputs.
        num_in_proj: given (as `num_units`), inputs of another size are projected first.
        initializer: of kernels and biases.
        forget_bias: added to both gates' inputs.
        y_activation: of what goes through depth.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.

    Raises (when called):
        ValueError: inputs of another size than `num_units`, without `num_in_proj`.
    """

    def __init__(
        self,
        num_units: int,
        num_in_proj: int | None = None,
        initializer: Any = None,
        forget_bias: float = 1.0,
        y_activation: Any = Relu,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, reuse, **kwargs)
        self._num_input_proj = num_in_proj
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._y_activation = y_activation
        self._projection: Linear | None = None
        self._linear: Linear | None = None

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            if input_depth(inputs.shape) != self._num_units:
                if not self._num_input_proj:
                    raise ValueError(
                        "Must have input size == output size for Intersection RNN. To fix, "
                        "num_in_proj should be set to num_units at cell init."
                    )
                with variable_scope("in_projection"):
                    if self._projection is None:
                        self._projection = Linear(inputs, self._num_units, True)
                    inputs = self._projection(inputs)
            both = concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(both, 4 * self._num_units, True)
            time_gate, h, depth_gate, y = split(self._linear(both), 4, axis=1)
            time_gate = _sigmoid(time_gate + self._forget_bias)
            depth_gate = _sigmoid(depth_gate + self._forget_bias)
            new_state = time_gate * state + (1.0 - time_gate) * _tanh(h)
            output = depth_gate * inputs + (1.0 - depth_gate) * self._y_activation(y)
        return output, new_state


class _LayerCell(LayerRNNCell):
    """Base of the cells below: matrices as inputs, state and output of `num_units`."""

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
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation or _tanh

    @property
    def state_size(self) -> Any:
        return self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units

    def _recurrent(self, name: str, size: int) -> Any:
        """Weights of the own state of each unit."""
        initializer = RandomUniform(-1.0, 1.0, dtype=self.dtype or "float32")
        return self.add_weight(name, shape=[1, size], initializer=initializer)


class SRUCell(_LayerCell):
    """Simple recurrent unit, no matrix product with the state (Lei et al. 2017, arXiv 1709.02755).

    Args:
        num_units: size of state and output; with inputs of that size the paper's cell.
        activation: of the state in the output, tanh by default.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def build(self, input_shape: Any) -> None:
        units = self._num_units
        self._kernel = self.add_weight("kernel", shape=[input_depth(input_shape), 4 * units])
        self._bias = self.add_weight("bias", shape=[2 * units], initializer=self._constant(0.0))
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        candidate, f, r, skipped = split(matmul(inputs, self._kernel), 4, axis=1)
        gates = _sigmoid(bias_add(concat([f, r], 1), self._bias))
        forget, reset = split(gates, 2, axis=1)
        c = forget * state + (1.0 - forget) * candidate
        return reset * self._activation(c) + (1.0 - reset) * skipped, c


class IndRNNCell(_LayerCell):
    """`BasicRNNCell` whose units see only their own state (Li et al. 2018, arXiv 1803.04831).

    Args:
        num_units: size of state and output.
        activation: tanh by default.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def build(self, input_shape: Any) -> None:
        units = self._num_units
        self._kernel_w = self.add_weight("kernel_w", shape=[input_depth(input_shape), units])
        self._kernel_u = self._recurrent("kernel_u", units)
        self._bias = self.add_weight("bias", shape=[units], initializer=self._zeros())
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        total = matmul(inputs, self._kernel_w) + state * self._kernel_u
        output = self._activation(bias_add(total, self._bias))
        return output, output


class _IndyCell(_LayerCell):
    def __init__(
        self,
        *args: Any,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer


class IndyGRUCell(_IndyCell):
    """`GRUCell` whose units see only their own state (arXiv 1803.04831).

    Args:
        num_units: size of state and output.
        activation: of the candidate, tanh by default.
        reuse: whether the variables exist already in the scope.
        kernel_initializer, bias_initializer: of the inputs' kernels and of the biases; without
            one the gates' bias starts at 1.
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
        super().__init__(
            num_units,
            activation,
            reuse,
            name,
            dtype,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )

    def build(self, input_shape: Any) -> None:
        depth, units = input_depth(input_shape), self._num_units
        self._gates = self._part("gates", "kernel_w", depth, 2 * units, self._constant(1.0))
        self._candidate = self._part("candidate", "kernel", depth, units, self._zeros())
        self.built = True

    def _part(self, name: str, kernel: str, depth: int, size: int, start: Any) -> tuple[Any, ...]:
        """Kernel of the inputs, weights of the state, bias."""
        return (
            self.add_weight(
                f"{name}/{kernel}", shape=[depth, size], initializer=self._kernel_initializer
            ),
            self._recurrent(f"{name}/kernel_u", size),
            self.add_weight(
                f"{name}/bias", shape=[size], initializer=self._bias_initializer or start
            ),
        )

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        w, u, b = self._gates
        gates = _sigmoid(bias_add(matmul(inputs, w) + Tile(state, [1, 2]) * u, b))
        reset, update = split(gates, 2, axis=1)
        w, u, b = self._candidate
        candidate = self._activation(bias_add(matmul(inputs, w) + reset * state * u, b))
        new = update * state + (1 - update) * candidate
        return new, new


class IndyLSTMCell(_IndyCell):
    """`BasicLSTMCell` whose units see only their own state (Gonnet and Deselaers, arXiv 1903.08023).

    Args:
        num_units: size of memory and output.
        forget_bias: added to the forget gate's input.
        activation: of candidate and memory, tanh by default.
        reuse: whether the variables exist already in the scope.
        kernel_initializer, bias_initializer: of the inputs' kernel and of the bias.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_units,
            activation,
            reuse,
            name,
            dtype,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        self._forget_bias = forget_bias

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._num_units, self._num_units)

    def build(self, input_shape: Any) -> None:
        units = self._num_units
        self._kernel_w = self.add_weight(
            "kernel_w",
            shape=[input_depth(input_shape), 4 * units],
            initializer=self._kernel_initializer,
        )
        self._kernel_u = self._recurrent("kernel_u", 4 * units)
        self._bias = self.add_weight(
            "bias", shape=[4 * units], initializer=self._bias_initializer or self._zeros()
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        c, h = state
        gates = matmul(inputs, self._kernel_w) + Tile(h, [1, 4]) * self._kernel_u
        i, j, f, o = split(bias_add(gates, self._bias), 4, axis=1)
        new_c = c * _sigmoid(f + self._forget_bias) + _sigmoid(i) * self._activation(j)
        new_h = self._activation(new_c) * _sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)
