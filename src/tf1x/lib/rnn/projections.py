"""Cells with a linear layer or an embedding before or after them, and the layer itself."""

from __future__ import annotations

import math
from typing import Any

from tf1x.core import nest, scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.initializers import Constant, RandomUniform
from tf1x.lib.rnn.base import RNNCell, assert_like_rnncell
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.ops import array
from tf1x.ops.array_moves import concat
from tf1x.ops.embedding import embedding_lookup
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add

__all__ = [
    "EmbeddingWrapper",
    "InputProjectionWrapper",
    "Linear",
    "OutputProjectionWrapper",
    "linear",
]


class Linear:
    """Matrices side by side, times `kernel`, plus `bias`: variables of the current scope.

    Args:
        args: a matrix, or a list of them; their widths decide the kernel's shape.
        output_size: width of the result.
        build_bias: whether there is a bias.
        bias_initializer: zeros by default.
        kernel_initializer: that of the scope by default.

    Raises:
        ValueError: no matrices, another rank, or an unknown width.
    """

    def __init__(
        self,
        args: Any,
        output_size: int,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:
        if args is None or (nest.is_nested(args) and not args):
            raise ValueError("`args` must be specified")
        parts = args if nest.is_nested(args) else [args]
        width = sum(_width(part) for part in parts)
        dtype = parts[0].dtype.base_dtype
        self._bias: Any = None
        with variable_scope(get_variable_scope()) as scope:
            self._kernel = get_variable(
                "kernel", [width, output_size], dtype=dtype, initializer=kernel_initializer
            )
            if build_bias:
                with variable_scope(scope) as inner:
                    inner.set_partitioner(None)
                    self._bias = get_variable(
                        "bias",
                        [output_size],
                        dtype=dtype,
                        initializer=bias_initializer or Constant(0.0, dtype=dtype),
                    )

    def __call__(self, args: Any) -> Tensor:
        parts = args if nest.is_nested(args) else [args]
        product = matmul(parts[0] if len(parts) == 1 else concat(parts, 1), self._kernel)
        return product if self._bias is None else bias_add(product, self._bias)


def _width(part: Any) -> int:
    shape = TensorShape(part.shape)
    if shape.ndims != 2:
        raise ValueError(f"linear is expecting 2D arguments: {shape}")
    width = shape[1].value
    if width is None:
        raise ValueError(f"linear expects shape[1] to be provided for shape {shape}, but saw None")
    return int(width)


def linear(
    args: Any,
    output_size: int,
    bias: bool,
    bias_initializer: Any = None,
    kernel_initializer: Any = None,
) -> Tensor:
    """`Linear(...)` applied to the matrices that it is made for."""
    return Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)


class _Around(RNNCell):
    """A cell around another one, whose own variables are made in its scope."""

    def __init__(self, cell: Any, reuse: Any) -> None:
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        self._cell = cell

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with scopes.name_scope(f"{type(self).__name__}ZeroState"):
            return self._cell.zero_state(batch_size, dtype)


class EmbeddingWrapper(_Around):
    """A cell whose inputs are ids: it gets the rows of the variable `embedding`.

    Args:
        cell: the cell.
        embedding_classes: number of rows.
        embedding_size: size of a row.
        initializer: of `embedding`; that of the scope, else uniform with variance 1.
        reuse: whether the variable exists already in the scope.

    Raises:
        ValueError: sizes that are not positive.
    """

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{embedding_classes}, {embedding_size}."
            )
        self._embedding_classes = embedding_classes
        self._embedding_size = embedding_size
        self._initializer = initializer

    def call(self, inputs: Any, state: Any) -> Any:
        with scopes.device("/cpu:0"):
            bound = math.sqrt(3)
            chosen = self._initializer or get_variable_scope().initializer
            embedding = get_variable(
                "embedding",
                [self._embedding_classes, self._embedding_size],
                initializer=chosen or RandomUniform(-bound, bound),
                dtype=nest.flatten(state)[0].dtype.base_dtype,
            )
            rows = embedding_lookup(embedding, array.reshape(inputs, [-1]))
        return self._cell(rows, state)


class InputProjectionWrapper(_Around):
    """A cell whose inputs go through a linear layer.

    Args:
        cell: the cell.
        num_proj: size of what the cell gets.
        activation: of the linear layer, none by default.
        input_size: ignored; the inputs tell.
        reuse: whether the variables exist already in the scope.
    """

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Any = None,
        input_size: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        self._num_proj = num_proj
        self._activation = activation
        self._linear: Linear | None = None

    def call(self, inputs: Any, state: Any) -> Any:
        if self._linear is None:
            self._linear = Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        if self._activation:
            projected = self._activation(projected)
        return self._cell(projected, state)


class OutputProjectionWrapper(_Around):
    """A cell whose outputs go through a linear layer.

    Args:
        cell: the cell.
        output_size: size of the projected outputs.
        activation: of the linear layer, none by default.
        reuse: whether the variables exist already in the scope.

    Raises:
        ValueError: `output_size` is not positive.
    """

    def __init__(
        self, cell: Any, output_size: int, activation: Any = None, reuse: Any = None
    ) -> None:
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size = output_size
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def output_size(self) -> int:
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        output, new_state = self._cell(inputs, state)
        if self._linear is None:
            self._linear = Linear(output, self._output_size, True)
        projected = self._linear(output)
        if self._activation:
            projected = self._activation(projected)
        return projected, new_state
