"""`CudnnLSTM`, `CudnnGRU`, `CudnnRNNTanh`, `CudnnRNNRelu`: several layers, one or both directions.

As in TensorFlow all weights are in one variable, `opaque_kernel`; here its order is that of
`canonical_weight_shapes`, then `canonical_bias_shapes`, each flat.
"""

from __future__ import annotations

from math import prod
from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import as_dtype, float16, float32, float64
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.initializers import Constant, GlorotUniform
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.lib.rnn.base import RNNCell
from tf1x.lib.rnn.dynamic import bidirectional_dynamic_rnn, dynamic_rnn
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split, stack, transpose, unstack
from tf1x.ops.matmul import matmul
from tf1x.ops.nn import Relu
from tf1x.ops.nn_functions import bias_add, dropout

CUDNN_RNN_UNIDIRECTION = "unidirectional"
CUDNN_RNN_BIDIRECTION = "bidirectional"
CUDNN_INPUT_LINEAR_MODE = "linear_input"
CUDNN_INPUT_SKIP_MODE = "skip_input"
CUDNN_INPUT_AUTO_MODE = "auto_select"


class _Cell(RNNCell):
    """A cell with given weights.

    Args:
        kind: "lstm", "gru", "rnn_tanh" or "rnn_relu".
        weights: kernels of the inputs (None where the inputs are added as they are) and of the
            state, [size, gates * units], and the bias of each, [gates * units].
    """

    def __init__(self, kind: str, units: int, weights: tuple[Any, ...]) -> None:
        super().__init__()
        self._kind, self._units = kind, units
        self._kernel, self._recurrent, self._bias, self._recurrent_bias = weights

    @property
    def state_size(self) -> Any:
        return LSTMStateTuple(self._units, self._units) if self._kind == "lstm" else self._units

    @property
    def output_size(self) -> int:
        return self._units

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        h = state.h if self._kind == "lstm" else state
        if self._kernel is None:
            gates = _GATES[self._kind]
            of_inputs = concat([inputs] * gates, 1) if gates > 1 else inputs
        else:
            of_inputs = matmul(inputs, self._kernel)
        of_inputs = bias_add(of_inputs, self._bias)
        of_state = bias_add(matmul(h, self._recurrent), self._recurrent_bias)
        if self._kind == "gru":
            xr, xu, xn = split(of_inputs, 3, axis=1)
            hr, hu, hn = split(of_state, 3, axis=1)
            reset, update = math_ops.Sigmoid(xr + hr), math_ops.Sigmoid(xu + hu)
            new = (1 - update) * math_ops.Tanh(xn + reset * hn) + update * h
            return new, new
        total = of_inputs + of_state
        if self._kind != "lstm":
            new = (math_ops.Tanh if self._kind == "rnn_tanh" else Relu)(total)
            return new, new
        i, f, j, o = split(total, 4, axis=1)
        sigmoid = math_ops.Sigmoid
        c = sigmoid(f) * state.c + sigmoid(i) * math_ops.Tanh(j)
        new = sigmoid(o) * math_ops.Tanh(c)
        return new, LSTMStateTuple(c, new)


_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


class _CudnnRNN(Layer):
    """Base of the layers.

    Args:
        num_layers: how many layers.
        num_units: size of state and (in each direction) output.
        input_mode: "linear_input" multiplies the inputs by a kernel; "skip_input" does not, and
            needs inputs of `num_units`; "auto_select" skips where it can.
        direction: "unidirectional" or "bidirectional".
        dropout: rate of the dropout between layers, while training.
        seed: of the dropout and of the kernel's initial values.
        dtype: type of inputs, state and weights.
        kernel_initializer, bias_initializer: Glorot's uniform distribution and zeros by default.
        name: as that of `tf.layers.Layer`.

    Raises:
        ValueError: an unknown direction, mode or type.
    """

    _rnn_mode = ""

    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION,
        dropout: float = 0.0,
        seed: int | None = None,
        dtype: Any = float32,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        if direction not in (CUDNN_RNN_UNIDIRECTION, CUDNN_RNN_BIDIRECTION):
            raise ValueError(f"Invalid direction: {direction}, expect unidirectional or bidirectional")  # fmt: skip
        if input_mode not in (CUDNN_INPUT_LINEAR_MODE, CUDNN_INPUT_SKIP_MODE, CUDNN_INPUT_AUTO_MODE):  # fmt: skip
            raise ValueError(f"Invalid input_mode: {input_mode}, expect linear_input, skip_input or auto_select")  # fmt: skip
        if as_dtype(dtype) not in (float16, float32, float64):
            raise ValueError(f"Only support float16, float32, float64, provided {dtype}")
        self._num_layers = num_layers
        self._num_units = num_units
        self._input_mode = input_mode
        self._direction = direction
        self._dropout = dropout
        self._seed = seed
        self._kernel_initializer = kernel_initializer or GlorotUniform(seed=seed, dtype=dtype)
        self._bias_initializer = bias_initializer or Constant(0.0, dtype=dtype)
        self._input_size: int | None = None

    # -- what it is ----------------------------------------------------------------------------

    @property
    def num_layers(self) -> int:
        return self._num_layers

    @property
    def num_units(self) -> int:
        return self._num_units

    @property
    def input_mode(self) -> str:
        return self._input_mode

    @property
    def rnn_mode(self) -> str:
        return self._rnn_mode

    @property
    def direction(self) -> str:
        return self._direction

    @property
    def num_dirs(self) -> int:
        return 1 if self._direction == CUDNN_RNN_UNIDIRECTION else 2

    @property
    def input_size(self) -> int:
        """Size of the inputs.

        Raises:
            ValueError: the layer is not built.
        """
        if self._input_size is None:
            raise ValueError("'input_size' is unknown since layer has not been built.")
        return self._input_size

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """Shapes of the states (of LSTMs two: output and memory)."""
        shape = [self._num_layers * self.num_dirs, batch_size, self._num_units]
        return (shape, shape) if self._rnn_mode == "lstm" else (shape,)

    # -- weights -------------------------------------------------------------------------------

    @property
    def _skips(self) -> bool:
        fits = self.input_size == self._num_units
        if self._input_mode == CUDNN_INPUT_SKIP_MODE and not fits:
            raise ValueError("skip_input needs inputs of size num_units.")
        return fits and self._input_mode != CUDNN_INPUT_LINEAR_MODE

    def _depth(self, layer: int) -> int:
        return self.input_size if layer == 0 else self._num_units * self.num_dirs

    @property
    def canonical_weight_shapes(self) -> list[tuple[int, int]]:
        """Of each layer and direction the kernels of all gates: those of inputs, then of state."""
        gates, units = _GATES[self._rnn_mode], self._num_units
        shapes = []
        for layer in range(self._num_layers):
            sizes = [(units, self._depth(layer))] * gates
            sizes = [] if layer == 0 and self._skips else sizes
            shapes += (sizes + [(units, units)] * gates) * self.num_dirs
        return shapes

    @property
    def canonical_bias_shapes(self) -> list[list[int]]:
        """Of each layer and direction the biases of all gates: those of inputs, then of state."""
        count = 2 * _GATES[self._rnn_mode] * self.num_dirs * self._num_layers
        return [[self._num_units]] * count

    def build(self, input_shape: Any) -> None:
        if self.built:
            return
        shape = TensorShape(input_shape)
        if shape.ndims != 3:
            raise ValueError(f"Expecting input_shape with 3 dims, got {shape.ndims}")
        self._input_size = shape[-1].value
        if self._input_size is None:
            raise ValueError(
                "The last dimension of the inputs to `CudnnRNN` should be defined. Found `None`."
            )
        self.input_spec = InputSpec(ndim=3, axes={-1: self._input_size})
        self._set_scope(None)
        with variable_scope(self._scope, reuse=self.built):
            self.kernel = get_variable(
                "opaque_kernel",
                dtype=as_dtype(self.dtype),
                initializer=self._initial,
                shape=[self._size],
            )
        self._trainable_weights.append(self.kernel)
        self.built = True

    @property
    def _size(self) -> int:
        return sum(map(prod, [*self.canonical_weight_shapes, *self.canonical_bias_shapes]))

    def _initial(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        kernels = [self._kernel_initializer(s, dtype=dtype) for s in self.canonical_weight_shapes]
        biases = [self._bias_initializer(s, dtype=dtype) for s in self.canonical_bias_shapes]
        whole: Tensor = concat([array.reshape(x, [-1]) for x in kernels + biases], 0)
        return whole

    def _cells(self) -> list[list[_Cell]]:
        """The cells of each layer, one for each direction."""
        gates, units = _GATES[self._rnn_mode], self._num_units
        shapes = [*self.canonical_weight_shapes, *self.canonical_bias_shapes]
        flat = iter(split(self.kernel, [prod(s) for s in shapes], axis=0))
        kernels = [
            transpose(array.reshape(next(flat), shape)) for shape in self.canonical_weight_shapes
        ]
        biases = list(flat)

        def take(items: list[Any], axis: int) -> Any:
            taken = [items.pop(0) for _ in range(gates)]
            return taken[0] if gates == 1 else concat(taken, axis)

        found = []
        for layer in range(self._num_layers):
            cells = []
            for _ in range(self.num_dirs):
                kernel = None if layer == 0 and self._skips else take(kernels, 1)
                weights = kernel, take(kernels, 1), take(biases, 0), take(biases, 0)
                cells.append(_Cell(self._rnn_mode, units, weights))
            found.append(cells)
        return found

    # -- the layers ----------------------------------------------------------------------------

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        sequence_lengths: Any = None,
        time_major: bool = True,
        training: bool = True,
    ) -> Any:
        """Outputs of the last layer, and the final states of all.

        Args:
            inputs: [time, batch, size], or [batch, time, size] unless `time_major`.
            initial_state: tuple of the states [layers * directions, batch, units] (batch first
                unless `time_major`): output and memory for LSTMs; zeros by default.
            sequence_lengths: how many steps of each sequence count.
            training: whether there is dropout between layers.

        Raises:
            TypeError: `initial_state` is not a tuple.
        """
        if initial_state is not None and not isinstance(initial_state, tuple):
            raise TypeError(f"Invalid initial_state type: {initial_state}, expecting tuple.")
        dtype = as_dtype(self.dtype)
        outputs = convert.to_tensor(inputs, dtype)
        batch_size = array.shape(outputs)[1 if time_major else 0]
        axis = 0 if time_major else 1
        if initial_state is None:
            initial_state = tuple(array.zeros(s, dtype) for s in self.state_shape(batch_size))
            axis = 0
        count = self._num_layers * self.num_dirs
        first = [unstack(convert.to_tensor(s, dtype), count, axis=axis) for s in initial_state]
        final: list[Any] = []
        for layer, cells in enumerate(self._cells()):
            if layer and training and self._dropout:
                outputs = dropout(outputs, rate=self._dropout, seed=self._seed)
            start = layer * self.num_dirs
            states = [self._state([s[start + d] for s in first]) for d in range(self.num_dirs)]
            outputs, new = _sweep(cells, outputs, states, sequence_lengths, time_major)
            final += new
        axis = 0 if time_major else 1
        if self._rnn_mode == "lstm":
            return outputs, (stack([s.h for s in final], axis), stack([s.c for s in final], axis))
        return outputs, (stack(final, axis),)

    def _state(self, parts: list[Any]) -> Any:
        return LSTMStateTuple(parts[1], parts[0]) if self._rnn_mode == "lstm" else parts[0]


def _sweep(
    cells: list[_Cell], inputs: Any, states: list[Any], lengths: Any, time_major: bool
) -> tuple[Tensor, list[Any]]:
    """One layer: outputs, and the final state of each direction."""
    if len(cells) == 1:
        outputs, state = dynamic_rnn(cells[0], inputs, lengths, states[0], time_major=time_major)
        return outputs, [state]
    both, final = bidirectional_dynamic_rnn(*cells, inputs, lengths, *states, time_major=time_major)
    return concat(both, 2), list(final)


class CudnnLSTM(_CudnnRNN):
    """Layers of LSTMs without a forget bias, gates in the order input, forget, new, output."""

    _rnn_mode = "lstm"


class CudnnGRU(_CudnnRNN):
    """Layers of GRUs, the reset gate after the product, gates in the order reset, update, new."""

    _rnn_mode = "gru"


class CudnnRNNTanh(_CudnnRNN):
    """Layers of `tanh(W x + R h + b)`."""

    _rnn_mode = "rnn_tanh"


class CudnnRNNRelu(_CudnnRNN):
    """Layers of `relu(W x + R h + b)`."""

    _rnn_mode = "rnn_relu"
