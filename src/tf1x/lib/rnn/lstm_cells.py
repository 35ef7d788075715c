"""Long short-term memory: `BasicLSTMCell`, `LSTMCell` and their state."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1x.core import convert
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.lib import logging
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.lib.layers.utils import as_initializer
from tf1x.lib.partitioned import fixed_size_partitioner
from tf1x.lib.rnn.base import (
    LayerRNNCell,
    affine,
    cell_activation,
    check_dtypes,
    columns,
    input_depth,
)
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split
from tf1x.ops.math_functions import add, clip_by_value
from tf1x.ops.matmul import matmul

__all__ = ["BasicLSTMCell", "LSTMCell", "LSTMStateTuple"]


class _State(NamedTuple):
    c: Any
    h: Any


class LSTMStateTuple(_State):
    """The state of an LSTM: memory `c` and output `h`."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """The type of both.

        Raises:
            TypeError: they differ.
        """
        if self.c.dtype != self.h.dtype:
            raise TypeError(
                f"Inconsistent internal state: {self.c.dtype.name} vs {self.h.dtype.name}"
            )
        return self.c.dtype


def warn_of_concatenated_state(cell: Any) -> None:
    logging.warning(
        "%s: Using a concatenated state is slower and will soon be deprecated. "
        "Use state_is_tuple=True.",
        cell,
    )


class BasicLSTMCell(LayerRNNCell):
    """LSTM without peepholes, clipping or projection (Zaremba et al. 2015).

    Args:
        num_units: size of memory and output.
        forget_bias: added to the forget gate's input.
        state_is_tuple: whether the state is an `LSTMStateTuple`, else [c, h] in one matrix.
        activation: of candidate and memory, tanh by default.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtypes(self.dtype)
        if not state_is_tuple:
            warn_of_concatenated_state(self)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = cell_activation(activation)

    @property
    def state_size(self) -> Any:
        units = self._num_units
        return LSTMStateTuple(units, units) if self._state_is_tuple else 2 * units

    @property
    def output_size(self) -> int:
        return self._num_units

    def build(self, input_shape: Any) -> None:
        depth = input_depth(input_shape)
        check_dtypes(self.dtype)
        units = self._num_units
        self._kernel = self.add_weight("kernel", shape=[depth + units, 4 * units])
        self._bias = self.add_weight("bias", shape=[4 * units], initializer=self._zeros())
        super().build(input_shape)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        check_dtypes(inputs, state)
        one = convert.constant(1, int32)
        c, h = state if self._state_is_tuple else split(state, 2, axis=one)
        gates = affine([inputs, h], self._kernel, self._bias)
        i, j, f, o = split(gates, 4, axis=one)
        forget_bias = convert.constant(self._forget_bias, f.dtype.base_dtype)
        sigmoid = math_ops.Sigmoid
        new_c = add(
            math_ops.Mul(c, sigmoid(add(f, forget_bias))),
            math_ops.Mul(sigmoid(i), self._activation(j)),
        )
        new_h = math_ops.Mul(self._activation(new_c), sigmoid(o))
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, concat([new_c, new_h], 1)


class LSTMCell(LayerRNNCell):
    """LSTM with optional peepholes, clipping and projection (Sak et al. 2014).

    Args:
        num_units: size of the memory.
        use_peepholes: whether the gates see the memory (variables `w_f_diag`, `w_i_diag`,
            `w_o_diag`).
        cell_clip: largest magnitude of the memory.
        initializer: of kernel, peepholes and projection.
        num_proj: size of the output, if it is projected (variable `projection/kernel`).
        proj_clip: largest magnitude of the projected output.
        num_unit_shards, num_proj_shards: how many parts kernel and projection are split into.
        forget_bias: added to the forget gate's input.
        state_is_tuple: whether the state is an `LSTMStateTuple`, else [c, h] in one matrix.
        activation: of candidate and memory, tanh by default.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtypes(self.dtype)
        if not state_is_tuple:
            warn_of_concatenated_state(self)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = as_initializer(initializer)
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = cell_activation(activation)
        self._output_size = num_proj or num_units

    @property
    def state_size(self) -> Any:
        sizes = self._num_units, self._output_size
        return LSTMStateTuple(*sizes) if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        return self._output_size

    def build(self, input_shape: Any) -> None:
        depth = input_depth(input_shape)
        check_dtypes(self.dtype)
        units = self._num_units
        self._kernel = self._matrix(
            "kernel", [depth + self._output_size, 4 * units], self._num_unit_shards
        )
        self._bias = self.add_weight("bias", shape=[4 * units], initializer=self._zeros())
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = (
                self.add_weight(f"w_{gate}_diag", shape=[units], initializer=self._initializer)
                for gate in "fio"
            )
        if self._num_proj is not None:
            self._proj_kernel = self._matrix(
                "projection/kernel", [units, self._num_proj], self._num_proj_shards
            )
        super().build(input_shape)

    def _matrix(self, name: str, shape: list[int], shards: int | None) -> Any:
        partitioner = None if shards is None else fixed_size_partitioner(shards)
        return self.add_weight(
            name, shape=shape, initializer=self._initializer, partitioner=partitioner
        )

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        check_dtypes(inputs, state)
        sigmoid, activation = math_ops.Sigmoid, self._activation
        if self._state_is_tuple:
            c_before, h_before = state
        else:
            c_before = columns(state, 0, self._num_units)
            h_before = columns(state, self._num_units, self._output_size)
        gates = affine([inputs, h_before], self._kernel, self._bias)
        i, j, f, o = split(gates, 4, axis=1)
        if self._use_peepholes:
            kept = sigmoid(f + self._forget_bias + self._w_f_diag * c_before) * c_before
            c = kept + sigmoid(i + self._w_i_diag * c_before) * activation(j)
        else:
            c = sigmoid(f + self._forget_bias) * c_before + sigmoid(i) * activation(j)
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        if self._use_peepholes:
            h = sigmoid(o + self._w_o_diag * c) * activation(c)
        else:
            h = sigmoid(o) * activation(c)
        if self._num_proj is not None:
            h = matmul(h, self._proj_kernel)
            if self._proj_clip is not None:
                h = clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h, LSTMStateTuple(c, h) if self._state_is_tuple else concat([c, h], 1)
