"""Cells around another cell: dropout, residual connections, a device."""

from __future__ import annotations

import hashlib
import numbers
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.lib.layers.base import Layer
from tf1x.lib.rnn.base import RNNCell, assert_like_rnncell
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat
from tf1x.ops.math_functions import divide
from tf1x.ops.nn_functions import dropout
from tf1x.ops.random import random_uniform
from tf1x.ops.tensor_array import TensorArray

__all__ = ["CellWrapper", "DeviceWrapper", "DropoutWrapper", "ResidualWrapper"]


class CellWrapper(RNNCell):
    """Base of wrappers: state, output and variables are those of the wrapped cell."""

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        assert_like_rnncell("cell", cell)
        self.cell = cell

    @property
    def wrapped_cell(self) -> Any:
        return self.cell

    @property
    def _cell(self) -> Any:
        """The name that `cell` had until TensorFlow 1.13."""
        return self.cell

    @property
    def state_size(self) -> Any:
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        return self.cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with scopes.name_scope(f"{type(self).__name__}ZeroState"):
            return self.cell.zero_state(batch_size, dtype)

    @property
    def trainable_weights(self) -> list[Any]:
        return self.cell.trainable_weights if isinstance(self.cell, Layer) else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        return self.cell.non_trainable_weights if isinstance(self.cell, Layer) else []

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        return self._call_wrapped_cell(inputs, state, self.cell.__call__, scope=scope)

    def _call_wrapped_cell(
        self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any
    ) -> Any:
        """One step, in which `cell_call_fn` does that of the wrapped cell."""
        return cell_call_fn(inputs, state, **kwargs)


def _memory_is_kept(substate: Any) -> Any:
    """Which parts of a state dropout applies to: all but memories and TensorArrays."""
    if isinstance(substate, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(substate, TensorArray)


class DropoutWrapper(CellWrapper):
    """Dropout on a cell's inputs, outputs and states.

    Args:
        cell: the cell.
        input_keep_prob, output_keep_prob, state_keep_prob: probabilities that an element is kept,
            numbers or scalar tensors; 1: no dropout there. The state's applies to what the cell
            returns.
        variational_recurrent: whether the same elements are dropped in all steps of a run (Gal
            and Ghahramani 2016); needs `dtype`, and `input_size` where inputs are dropped.
        input_size: shape (without batch) of the inputs, or a nest of shapes.
        dtype: type of inputs, states and outputs.
        seed: an int that the seeds of all random ops are derived from.
        dropout_state_filter_visitor: takes a part of the state, gives True or False (or a nest of
            them): whether dropout applies. By default it does not to the memory of LSTMs and to
            TensorArrays.

    Raises:
        TypeError: not a cell; a filter that is not callable.
        ValueError: a probability out of range; missing `dtype` or `input_size`.
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: Any = None,
        dropout_state_filter_visitor: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._dropout_state_filter = dropout_state_filter_visitor or _memory_is_kept
        with scopes.name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _probability("input_keep_prob", input_keep_prob)
            self._state_keep_prob = _probability("state_keep_prob", state_keep_prob)
            self._output_keep_prob = _probability("output_keep_prob", output_keep_prob)
        self._variational_recurrent = variational_recurrent
        self._input_size = input_size
        self._seed = seed
        self._recurrent_input_noise: Any = None
        self._recurrent_state_noise: Any = None
        self._recurrent_output_noise: Any = None
        if variational_recurrent:
            self._make_noise(dtype)

    def _make_noise(self, dtype: Any) -> None:
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")

        def noise(sizes: Any, part: str) -> Any:
            def uniform(index: int, size: Any) -> Tensor:
                shape = concat(([1], TensorShape(size).as_list()), 0)
                return random_uniform(shape, seed=self._gen_seed(part, index), dtype=dtype)

            return _enumerated(uniform, sizes, sizes)

        if _drops(self._input_keep_prob):
            if self._input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, "
                    "input_size must be provided"
                )
            self._recurrent_input_noise = noise(self._input_size, "input")
        self._recurrent_state_noise = noise(self.cell.state_size, "state")
        self._recurrent_output_noise = noise(self.cell.output_size, "output")

    def _gen_seed(self, salt_prefix: str, index: int) -> int | None:
        """The seed of the random op number `index` of a part: TensorFlow's, by the MD5 sum."""
        if self._seed is None:
            return None
        text = f"{self._seed}{salt_prefix}_{index}"
        return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) & 0x7FFFFFFF

    def build(self, inputs_shape: Any) -> None:
        self.cell.build(inputs_shape)
        self.built = True

    def _dropout(self, values: Any, part: str, noise: Any, keep_prob: Any, chosen: Any) -> Any:
        """Dropout on the parts of `values` where `chosen`, of the same form, is not False."""

        def drop(index: int, wanted: Any, value: Any, *own: Any) -> Any:
            if wanted is False:
                return value
            if self._variational_recurrent:
                return _dropped(value, own[0], keep_prob)
            return dropout(value, rate=1.0 - keep_prob, seed=self._gen_seed(part, index))

        noises = [noise] if self._variational_recurrent else []
        return _enumerated(drop, chosen, chosen, values, *noises)

    def _call_wrapped_cell(
        self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any
    ) -> Any:
        if _drops(self._input_keep_prob):
            noise = self._recurrent_input_noise
            inputs = self._dropout(inputs, "input", noise, self._input_keep_prob, inputs)
        output, new_state = cell_call_fn(inputs, state, **kwargs)
        if _drops(self._state_keep_prob):
            chosen = _filtered(self._dropout_state_filter, new_state)
            noise = self._recurrent_state_noise
            new_state = self._dropout(new_state, "state", noise, self._state_keep_prob, chosen)
        if _drops(self._output_keep_prob):
            noise = self._recurrent_output_noise
            output = self._dropout(output, "output", noise, self._output_keep_prob, output)
        return output, new_state


def _probability(name: str, value: Any) -> Any:
    """A number, if it is known now, else the tensor."""
    tensor = convert.to_tensor(value)
    known = constant_value(tensor)
    if known is None:
        return tensor
    if not 0 <= known <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {known}")
    return float(known)


def _drops(keep_prob: Any) -> bool:
    return not isinstance(keep_prob, numbers.Real) or bool(keep_prob < 1)


def _dropped(value: Any, noise: Any, keep_prob: Any) -> Tensor:
    """Dropout that is decided by uniform random numbers, broadcast over the batch."""
    kept = math_ops.Floor(keep_prob + noise)
    result: Tensor = divide(value, keep_prob) * kept
    result.set_shape(value.shape)
    return result


def _enumerated(function: Callable[..., Any], shallow: Any, *structures: Any) -> Any:
    """`nest.map_structure_up_to` with the number of the part as first argument."""
    numbers_ = iter(range(len(nest.flatten(shallow))))
    return nest.map_structure_up_to(
        shallow, lambda *parts: function(next(numbers_), *parts), *structures
    )


def _filtered(visitor: Callable[[Any], Any], state: Any) -> Any:
    """What a visitor says of a state and, where it says True of a nest, of its parts."""
    said = visitor(state)
    if nest.is_nested(said) or not nest.is_nested(state) or not said:
        return said
    if isinstance(state, dict):
        return {key: _filtered(visitor, part) for key, part in state.items()}
    parts = [_filtered(visitor, part) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)


class ResidualWrapper(CellWrapper):
    """The outputs of a cell plus its inputs.

    Args:
        cell: the cell.
        residual_fn: another function of (inputs, outputs) that gives the outputs.
    """

    def __init__(self, cell: Any, residual_fn: Any = None, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn

    def _call_wrapped_cell(
        self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any
    ) -> Any:
        outputs, new_state = cell_call_fn(inputs, state, **kwargs)
        return (self._residual_fn or _sum)(inputs, outputs), new_state


def _sum(inputs: Any, outputs: Any) -> Any:
    def added(x: Any, y: Any) -> Any:
        x.shape.assert_is_compatible_with(y.shape)
        return x + y

    return nest.map_structure(added, inputs, outputs)


class DeviceWrapper(CellWrapper):
    """A cell whose ops are placed on a device.

    Args:
        cell: the cell.
        device: a device's name or function, as `tf.device` takes it.
    """

    def __init__(self, cell: Any, device: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with scopes.name_scope(f"{type(self).__name__}ZeroState"), scopes.device(self._device):
            return self.cell.zero_state(batch_size, dtype)

    def _call_wrapped_cell(
        self, inputs: Any, state: Any, cell_call_fn: Callable[..., Any], **kwargs: Any
    ) -> Any:
        with scopes.device(self._device):
            return cell_call_fn(inputs, state, **kwargs)
