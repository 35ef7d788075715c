"""Variants of the LSTM: coupled gates, groups, searched by machine, with phases."""

from __future__ import annotations

from typing import Any

from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.rnn.parts import LSTMShaped, norm, sharded, with_peephole
from tf1x.lib.initializers import Constant, RandomUniform, Zeros
from tf1x.lib.rnn.base import columns, input_depth
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple, warn_of_concatenated_state
from tf1x.lib.rnn.projections import Linear
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.ops import array
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split
from tf1x.ops.array_select import where
from tf1x.ops.array_slicing import slice_
from tf1x.ops.math_functions import clip_by_value
from tf1x.ops.matmul import matmul
from tf1x.ops.nn import Relu
from tf1x.ops.nn_functions import bias_add
from tf1x.ops.random import random_uniform

_sigmoid, _tanh = math_ops.Sigmoid, math_ops.Tanh


class CoupledInputForgetGateLSTMCell(LSTMShaped):
    """LSTM whose input gate is 1 - forget gate (Greff et al. 2015, arXiv 1503.04069).

    Args:
        num_units: size of the memory.
        use_peepholes: whether the gates see the memory.
        initializer: accepted and not used, as in TensorFlow.
        num_proj, proj_clip: size of the projected output, and its largest magnitude.
        num_unit_shards, num_proj_shards: how many variables hold kernel and projection.
        forget_bias: added to the forget gate's input.
        state_is_tuple: whether the state is an `LSTMStateTuple`, else [c, h] in one matrix.
        activation: of candidate and memory.
        reuse: whether the variables exist already in the scope.
        layer_norm, norm_gain, norm_shift: whether gates and memory are normalised, and the first
            values of `gamma` and `beta`.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int = 1,
        num_proj_shards: int = 1,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = _tanh,
        reuse: Any = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, num_proj, reuse, **kwargs)
        if not state_is_tuple:
            warn_of_concatenated_state(self)
        self._use_peepholes = use_peepholes
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain, self._norm_shift = norm_gain, norm_shift

    @property
    def state_size(self) -> Any:
        size = super().state_size
        return size if self._state_is_tuple else sum(size)

    def _normalized(self, value: Tensor, scope: str) -> Tensor:
        if not self._layer_norm:
            return value
        return norm(self._norm_gain, self._norm_shift, value, scope)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        units = self._num_units
        if self._state_is_tuple:
            c_before, h_before = state
        else:
            c_before = columns(state, 0, units)
            h_before = columns(state, units, self._output_size)
        dtype = inputs.dtype.base_dtype
        rows = input_depth(inputs.shape) + self._output_size
        kernel = sharded("W", [rows, 3 * units], dtype, self._num_unit_shards)
        bias = get_variable("B", shape=[3 * units], initializer=Zeros(), dtype=dtype)
        gates = matmul(concat([inputs, h_before], 1), kernel)
        if not self._layer_norm:
            gates = bias_add(gates, bias)
        j, f, o = split(gates, 3, axis=1)
        j = self._normalized(j, "transform")
        f = self._normalized(f, "forget")
        o = self._normalized(o, "output")
        w_f = w_o = None
        if self._use_peepholes:
            w_f = get_variable("W_F_diag", shape=[units], dtype=dtype)
            w_o = get_variable("W_O_diag", shape=[units], dtype=dtype)
        kept = _sigmoid(with_peephole(f + self._forget_bias, w_f, c_before))
        c = kept * c_before + (1 - kept) * self._activation(j)
        c = self._normalized(c, "state")
        h = _sigmoid(with_peephole(o, w_o, c)) * self._activation(c)
        if self._num_proj is not None:
            size = [units, self._num_proj]
            h = matmul(h, sharded("W_P", size, dtype, self._num_proj_shards))
            if self._proj_clip is not None:
                h = clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h, LSTMStateTuple(c, h) if self._state_is_tuple else concat([c, h], 1)


class NASCell(LSTMShaped):
    """The cell that an architecture search found (Zoph and Le 2017, arXiv 1611.01578).

    Args:
        num_units: size of the memory.
        num_proj: size of the projected output, if it is projected.
        use_biases: whether the recurrent products have a bias.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_biases: bool = False,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, num_proj, reuse, **kwargs)
        self._use_biases = use_biases

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        units = self._num_units
        c_before, h_before = state
        dtype = inputs.dtype.base_dtype
        recurrent = get_variable("recurrent_kernel", [self._output_size, 8 * units], dtype)
        kernel = get_variable("kernel", [input_depth(inputs.shape), 8 * units], dtype)
        h_parts = matmul(h_before, recurrent)
        x_parts = matmul(inputs, kernel)
        if self._use_biases:
            bias = get_variable("bias", shape=[8 * units], initializer=Zeros(), dtype=dtype)
            h_parts = bias_add(h_parts, bias)
        pairs = list(zip(split(x_parts, 8, axis=1), split(h_parts, 8, axis=1), strict=True))
        functions = (_sigmoid, Relu, _sigmoid, Relu, _tanh, _sigmoid, _tanh, _sigmoid)
        first = [
            function(x * h if i == 3 else x + h)
            for i, (function, (x, h)) in enumerate(zip(functions, pairs, strict=True))
        ]
        inner = _tanh(_tanh(first[0] * first[1]) + c_before)
        c = inner * _tanh(first[2] + first[3])
        h = _tanh(c * _tanh(_tanh(first[4] * first[5]) + _sigmoid(first[6] + first[7])))
        if self._num_proj is not None:
            h = matmul(h, get_variable("projection_weights", [units, self._num_proj], dtype))
        return h, LSTMStateTuple(c, h)


class GLSTMCell(LSTMShaped):
    """LSTM in groups that share no weights (Kuchaiev and Ginsburg 2017, arXiv 1703.10722).

    Args:
        num_units: size of the memory.
        initializer: of the kernels.
        num_proj: size of the projected output, if it is projected.
        number_of_groups: how many groups; it divides `num_units`, `num_proj` and the inputs.
        forget_bias: added to the forget gate's input.
        activation: of the memory.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.

    Raises:
        ValueError: a size that the groups do not divide.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        num_proj: int | None = None,
        number_of_groups: int = 1,
        forget_bias: float = 1.0,
        activation: Any = _tanh,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, num_proj, reuse, **kwargs)
        self._initializer = initializer
        self._groups = number_of_groups
        self._forget_bias = forget_bias
        self._activation = activation
        if num_units % number_of_groups:
            raise ValueError("num_units must be divisible by number_of_groups")
        if (num_proj or 0) % number_of_groups:
            raise ValueError("num_proj must be divisible by number_of_groups")
        self._linears: list[Linear | None] = [None] * number_of_groups
        self._projection: Linear | None = None

    def _group(self, values: Any, group: int, size: int, batch: Any) -> Tensor:
        name = f"GLSTM_group{group}_input_generation"
        part: Tensor = slice_(values, [0, group * size], [batch, size], name=name)
        return part

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        c_before, h_before = state
        batch = inputs.shape[0].value or array.shape(inputs)[0]
        dtype = inputs.dtype.base_dtype
        units = self._num_units
        depth = input_depth(inputs.shape)
        if depth % self._groups:
            raise ValueError(f"input size ({depth}) must be divisible by number_of_groups")
        sizes = depth // self._groups, self._output_size // self._groups
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            parts = []
            for group in range(self._groups):
                with variable_scope(f"group{group}"):
                    own = concat(
                        [
                            self._group(values, group, size, batch)
                            for values, size in zip((inputs, h_before), sizes, strict=True)
                        ],
                        axis=1,
                    )
                    linear = self._linears[group]
                    if linear is None:
                        linear = Linear(own, 4 * units // self._groups, False)
                        self._linears[group] = linear
                    parts.append(split(linear(own), 4, 1))
            biases = [
                get_variable(
                    f"bias_{gate}",
                    shape=[units],
                    dtype=dtype,
                    initializer=Constant(0.0, dtype=dtype),
                )
                for gate in "ijfo"
            ]
            i, j, f, o = (
                bias_add(concat(gate, axis=1), bias)
                for gate, bias in zip(zip(*parts, strict=True), biases, strict=True)
            )
        c = _sigmoid(f + self._forget_bias) * c_before + _sigmoid(i) * _tanh(j)
        h = _sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            with variable_scope("projection"):
                if self._projection is None:
                    self._projection = Linear(h, self._num_proj, False)
                h = self._projection(h)
        return h, LSTMStateTuple(c, h)


class PhasedLSTMCell(LSTMShaped):
    """LSTM that updates its state in phases of time (Neil et al. 2016, arXiv 1610.09513).

    Inputs are a pair: the times [batch, 1] and the features [batch, size].

    Args:
        num_units: size of memory and output.
        use_peepholes: whether the gates see the memory.
        leak: how much of an update passes while a unit is closed.
        ratio_on: which part of its period a unit is open.
        trainable_ratio_on: whether `ratio_on` is trained.
        period_init_min, period_init_max: range of the periods at first, uniform in the logarithm.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        leak: Any = 0.001,
        ratio_on: Any = 0.1,
        trainable_ratio_on: bool = True,
        period_init_min: Any = 1.0,
        period_init_max: Any = 1000.0,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, None, reuse, **kwargs)
        self._use_peepholes = use_peepholes
        self._leak = leak
        self._ratio_on = ratio_on
        self._trainable_ratio_on = trainable_ratio_on
        self._period_range = period_init_min, period_init_max
        self._linears: dict[str, Linear] = {}

    def _linear(self, name: str, parts: list[Any], size: int) -> Tensor:
        with variable_scope(name):
            if name not in self._linears:
                self._linears[name] = Linear(parts, size, True)
            return self._linears[name](parts)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        c_before, h_before = state
        time, x = inputs
        units = self._num_units

        def seen(memory: Any) -> list[Any]:
            return [x, h_before, memory] if self._use_peepholes else [x, h_before]

        masks = _sigmoid(self._linear("mask_gates", seen(c_before), 2 * units))
        input_gate, forget_gate = split(masks, 2, axis=1)
        candidate = _tanh(self._linear("new_input", [x, h_before], units))
        c = c_before * forget_gate + input_gate * candidate
        h = _tanh(c) * _sigmoid(self._linear("output_gate", seen(c), units))
        openness = self._openness(time)
        c = openness * c + (1 - openness) * c_before
        h = openness * h + (1 - openness) * h_before
        return h, LSTMStateTuple(c, h)

    def _openness(self, time: Any) -> Tensor:
        """How far each unit is open, in [0, 1]."""
        size = [self._num_units]
        period = get_variable("period", size, initializer=_log_uniform(*self._period_range))
        phase = get_variable("phase", size, initializer=RandomUniform(0.0, period.initial_value))
        ratio_on = get_variable(
            "ratio_on",
            size,
            initializer=Constant(self._ratio_on),
            trainable=self._trainable_ratio_on,
        )
        cycle = math_ops.cast(period, time.dtype)
        shifted = time - math_ops.cast(phase, time.dtype)
        # The remainder, with the gradient of `shifted`.
        rest = array.StopGradient(math_ops.FloorMod(shifted, cycle) - shifted) + shifted
        ratio = math_ops.cast(rest / cycle, float32)
        rising = 2 * ratio / ratio_on
        openness = where(ratio < ratio_on, 2 - rising, self._leak * ratio)
        chosen: Tensor = where(ratio < 0.5 * ratio_on, rising, openness)
        return chosen


def _log_uniform(low: Any, high: Any) -> Any:
    """An initializer of values whose logarithms are uniform."""

    def initializer(shape: Any, dtype: Any = float32, partition_info: Any = None) -> Tensor:
        bounds = math_ops.Log(low), math_ops.Log(high)
        return math_ops.Exp(random_uniform(shape, *bounds, dtype))

    return initializer
