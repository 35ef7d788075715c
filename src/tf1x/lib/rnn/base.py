"""`RNNCell`, what all recurrent cells inherit from, and the zeros that they start with."""

from __future__ import annotations

import copy
from inspect import signature
from typing import Any

from tf1x.core import convert, nest, release, scopes
from tf1x.core.dtypes import as_dtype, float32, int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.lib.initializers import Constant, Zeros
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.utils import as_activation
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.variable_scope import VariableScope, get_variable_scope, variable_scope
from tf1x.ops import array
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat
from tf1x.ops.array_slicing import slice_
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add

__all__ = [
    "LayerRNNCell",
    "RNNCell",
    "as_rnn_cell",
    "assert_like_rnncell",
    "concat_sizes",
    "like_rnncell",
    "zero_state_tensors",
]


class RNNCell(Layer):
    """Base of recurrent cells: `output, new_state = cell(inputs, state)`.

    A subclass tells `state_size` and `output_size` (ints, TensorShapes, or nests of them) and
    defines either `call(inputs, state)`, which creates its variables with `tf.get_variable` or in
    `build`, or `__call__(inputs, state, scope=None)` itself.

    Args:
        trainable, name, dtype: as those of `tf.layers.Layer`.

    Example:
        >>> class Counter(tf.nn.rnn_cell.RNNCell):
        ...     state_size = output_size = 1
        ...     def call(self, inputs, state):
        ...         return state + 1, state + 1
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        kwargs.pop("input_size", None)  # programs for TensorFlow 0.x give it; the inputs tell
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._called_in: VariableScope | None = None

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """One step.

        Args:
            inputs: a tensor [batch, ...], or a nest of them.
            state: a tensor (or nest) of the form of `state_size`, the batch in front.
            scope: the variable scope (or its name) that the cell's variables go to, instead of
                one that the class names.

        Returns:
            Output and new state.
        """
        if scope is not None:
            with variable_scope(scope, custom_getter=self._get_variable) as entered:
                return super().__call__(inputs, state, scope=entered)
        if self._called_in is None:
            self._called_in = get_variable_scope()
        with variable_scope(self._called_in, custom_getter=self._get_variable):
            return super().__call__(inputs, state)

    def _get_variable(self, getter: Any, *args: Any, **kwargs: Any) -> Any:
        """A custom getter that notes the variables which `call` makes with `tf.get_variable`."""
        variable = getter(*args, **kwargs)
        parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
        trained = scopes.get_collection(scopes.GraphKeys.TRAINABLE_VARIABLES)
        trainable = any(parts[0] is other for other in trained)
        weights = self._trainable_weights if trainable else self._non_trainable_weights
        if all(variable is not other for other in weights):
            weights.append(variable)
        return variable

    @property
    def state_size(self) -> Any:
        """Sizes of the state: an int, a TensorShape, or a nest of them."""
        raise NotImplementedError(f"{type(self).__name__} must define state_size")

    @property
    def output_size(self) -> Any:
        """Size of the output: an int, a TensorShape, or a nest of them."""
        raise NotImplementedError(f"{type(self).__name__} must define output_size")

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """The state before the first step: zeros.

        Args:
            inputs: a tensor whose batch and type the state has; else both are given.

        Raises:
            ValueError: batch or type are not known, or contradict those of `inputs`.
        """
        if inputs is not None:
            inputs = convert.to_tensor(inputs, name="inputs")
            known = inputs.shape[0].value
            given = constant_value(batch_size) if isinstance(batch_size, Tensor) else batch_size
            if batch_size is not None and given != known:
                raise ValueError(
                    "batch size from input tensor is different from the input param. Input tensor "
                    f"batch: {known}, batch_size: {batch_size}"
                )
            if dtype is not None and inputs.dtype.base_dtype != as_dtype(dtype).base_dtype:
                raise ValueError(
                    "dtype from input tensor is different from the input param. Input tensor dtype: "
                    f"{inputs.dtype.name}, dtype: {dtype}"
                )
            batch_size = known or array.shape(inputs)[0]
            dtype = inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros for `batch_size` (an int or a scalar int32 tensor) sequences."""
        with scopes.name_scope(f"{type(self).__name__}ZeroState"):
            return zero_state_tensors(self.state_size, batch_size, dtype)


class LayerRNNCell(RNNCell):
    """Base of the cells that create their variables in `build`, as layers do.

    A cell has one set of variables, wherever it is called. Before TensorFlow 1.1 it had one in each
    variable scope, so that `MultiRNNCell([cell] * 3)` had three layers: so it is with
    `TF1X_RELEASE=1.0`. Before 1.2 the variables were called `weights` and `biases`.
    """

    def __call__(
        self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        cell = self._of_scope() if release.before("1.1") else self
        return Layer.__call__(cell, inputs, state, *args, scope=scope, **kwargs)

    def _of_scope(self) -> LayerRNNCell:
        """The cell itself in the first variable scope that it is called in; copies in others."""
        cells: dict[str, LayerRNNCell] = self.__dict__.setdefault("_cells", {})
        if not cells:
            self._unbuilt = copy.deepcopy(self)
        name = get_variable_scope().name
        if name not in cells:
            cells[name] = copy.deepcopy(self._unbuilt) if cells else self
        return cells[name]

    def add_weight(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if release.before("1.2"):
            name = name.replace("kernel", "weights").replace("bias", "biases")
        return super().add_weight(name, *args, **kwargs)

    def _zeros(self) -> Any:
        """The usual initializer of biases."""
        return Zeros(dtype=self.dtype or float32)

    def _constant(self, value: float) -> Any:
        return Constant(value, dtype=self.dtype or float32)


# -- sizes ---------------------------------------------------------------------------------------


def concat_sizes(prefix: Any, suffix: Any, static: bool = False) -> Any:
    """Two sizes as one shape.

    Args:
        prefix, suffix: ints, TensorShapes, or int32 tensors (scalars or vectors).
        static: return a list of ints, None where a tensor is not known now; else a vector tensor.

    Raises:
        ValueError: a tensor of higher rank; sizes unknown where a tensor is wanted.
    """
    first, known_first = _as_sizes(prefix, "prefix")
    second, known_second = _as_sizes(suffix, "suffix")
    if static:
        shape = TensorShape(known_first).concatenate(TensorShape(known_second))
        return None if shape.ndims is None else shape.as_list()
    if first is None or second is None:
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return concat((first, second), 0)


def _as_sizes(value: Any, name: str) -> tuple[Any, Any]:
    """Sizes as a vector tensor (None where they are not all known) and as a list."""
    if isinstance(value, Tensor):
        known = constant_value(value)
        if value.shape.ndims == 0:
            value = array.expand_dims(value, 0)
        elif value.shape.ndims != 1:
            raise ValueError(
                f"{name} tensor must be either a scalar or vector, but saw tensor: {value}"
            )
        return value, None if known is None else known.reshape(-1).tolist()
    shape = TensorShape(value)
    vector = convert.constant(shape.as_list(), int32) if shape.is_fully_defined() else None
    return vector, shape.as_list() if shape.ndims is not None else None


def zero_state_tensors(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros of shape [batch_size, *size] for each size of a nest."""

    def zeros(size: Any) -> Tensor:
        made = array.zeros(concat_sizes(batch_size, size), dtype=dtype)
        made.set_shape(concat_sizes(batch_size, size, static=True))
        return made

    return nest.map_structure(zeros, state_size)


# -- arguments -----------------------------------------------------------------------------------


def _faults(cell: Any) -> list[str]:
    checks = {
        "'output_size' property is missing": hasattr(cell, "output_size"),
        "'state_size' property is missing": hasattr(cell, "state_size"),
        "either 'zero_state' or 'get_initial_state' method is required": (
            hasattr(cell, "get_initial_state") or hasattr(cell, "zero_state")
        ),
        "is not callable": callable(cell),
    }
    return [message for message, holds in checks.items() if not holds]


def like_rnncell(cell: Any) -> bool:
    """Whether `cell` has what recurrent functions use of an RNNCell."""
    return not _faults(cell)


def assert_like_rnncell(cell_name: str, cell: Any) -> None:
    """Raise TypeError unless `cell` has what recurrent functions use of an RNNCell."""
    faults = _faults(cell)
    if faults:
        raise TypeError(
            f"The argument {cell_name!r} ({cell}) is not an RNNCell: {', '.join(faults)}."
        )


def check_dtypes(*values: Any) -> None:
    """Raise ValueError for a nest of tensors or types, unless all are of floating or complex type."""
    for value in nest.flatten(values):
        if value is None:
            continue
        dtype = as_dtype(getattr(value, "dtype", value)).base_dtype
        if not (dtype.is_floating or dtype.is_complex):
            raise ValueError(
                f"RNN cell only supports floating point inputs, but saw dtype: {dtype.name}"
            )


def input_depth(input_shape: Any) -> int:
    """The size of the inputs' last dimension.

    Raises:
        ValueError: it is not known.
    """
    shape = TensorShape(input_shape)
    depth = shape[-1].value
    if depth is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {shape}")
    return int(depth)


def cell_activation(activation: Any) -> Any:
    """The function of a cell's argument; tanh where it is none."""
    return as_activation(activation) if activation else math_ops.Tanh


def affine(parts: Any, kernel: Any, bias: Any) -> Tensor:
    """`parts` side by side, times `kernel`, plus `bias`."""
    return bias_add(matmul(concat(parts, 1), kernel), bias)


def columns(state: Tensor, start: int, count: int) -> Tensor:
    """`count` columns of a matrix, from `start` on."""
    return slice_(state, [0, start], [-1, count])


class _ListStateCell:
    """A cell of Keras, which takes and gives its states in a list, as an RNN cell."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell
        self.state_size, self.output_size = cell.state_size, cell.output_size

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        return zero_state_tensors(self.state_size, batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        output, new = self._cell(inputs, nest.flatten(state))
        return output, nest.pack_sequence_as(state, nest.flatten(new))


def as_rnn_cell(name: str, cell: Any) -> Any:
    """The cell, if it is one; a cell of Keras is made to speak as an `RNNCell`.

    Raises:
        TypeError: it is none.
    """
    assert_like_rnncell(name, cell)
    start = getattr(cell, "get_initial_state", None)
    if start is None or isinstance(cell, RNNCell) or "inputs" in signature(start).parameters:
        return cell
    return _ListStateCell(cell)
