"""LSTMs with layer or weight normalisation."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.rnn.parts import LSTMShaped, norm, with_peephole
from tf1x.lib.initializers import Constant
from tf1x.lib.rnn.base import input_depth
from tf1x.lib.rnn.lstm_cells import LSTMStateTuple
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat, split
from tf1x.ops.math_functions import clip_by_value
from tf1x.ops.matmul import matmul
from tf1x.ops.nn_functions import bias_add, dropout, l2_normalize

_sigmoid, _tanh = math_ops.Sigmoid, math_ops.Tanh


class LayerNormBasicLSTMCell(LSTMShaped):
    """LSTM with layer normalisation (Ba et al. 2016) and dropout of the candidate only
    (Semeniuta et al. 2016, arXiv 1603.05118).

    Args:
        num_units: size of memory and output.
        forget_bias: added to the forget gate's input.
        input_size: ignored; the inputs tell.
        activation: of candidate and memory.
        layer_norm: whether gates and memory are normalised; else there is a bias.
        norm_gain, norm_shift: first values of `gamma` and `beta`.
        dropout_keep_prob: probability that an element of the candidate is kept.
        dropout_prob_seed: seed of the dropout.
        reuse: whether the variables exist already in the scope.
        name, dtype: as those of `tf.layers.Layer`.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Any = _tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, None, reuse, **kwargs)
        self._forget_bias = forget_bias
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain, self._norm_shift = norm_gain, norm_shift
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed

    def _normalized(self, value: Tensor, scope: str) -> Tensor:
        if not self._layer_norm:
            return value
        return norm(self._norm_gain, self._norm_shift, value, scope, value.dtype.base_dtype)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        c, h = state
        both = concat([inputs, h], 1)
        dtype = both.dtype.base_dtype
        size = 4 * self._num_units
        gates = matmul(both, get_variable("kernel", [input_depth(both.shape), size], dtype=dtype))
        if not self._layer_norm:
            gates = bias_add(gates, get_variable("bias", [size], dtype=dtype))
        names = "input", "transform", "forget", "output"
        i, j, f, o = (
            self._normalized(gate, name)
            for gate, name in zip(split(gates, 4, axis=1), names, strict=True)
        )
        candidate = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            candidate = dropout(candidate, self._keep_prob, seed=self._seed)
        new_c = c * _sigmoid(f + self._forget_bias) + _sigmoid(i) * candidate
        new_c = self._normalized(new_c, "state")
        new_h = self._activation(new_c) * _sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


class _NormalizedLSTM(LSTMShaped):
    """An LSTM whose products a subclass makes, with what `tf.nn.rnn_cell.LSTMCell` can."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool,
        cell_clip: float | None,
        initializer: Any,
        num_proj: int | None,
        proj_clip: float | None,
        forget_bias: float,
        activation: Any,
        reuse: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_units, num_proj, reuse, **kwargs)
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._proj_clip = proj_clip
        self._forget_bias = forget_bias
        self._activation = activation or _tanh

    def _product(self, parts: list[Any], size: int, bias: bool) -> Tensor:
        """The parts side by side times a kernel of the current scope."""
        raise NotImplementedError(f"{type(self).__name__} must define _product")

    def _normalized(self, value: Tensor, scope: str) -> Tensor:
        return value

    def _step(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        c_before, h_before = state
        units = self._num_units
        dtype = inputs.dtype.base_dtype
        gates = self._product([inputs, h_before], 4 * units, bias=True)
        names = "input", "transform", "forget", "output"
        i, j, f, o = (
            self._normalized(gate, name)
            for gate, name in zip(split(gates, 4, axis=1), names, strict=True)
        )
        w_f = w_i = w_o = None
        if self._use_peepholes:
            w_f, w_i, w_o = (
                get_variable(f"w_{gate}_diag", shape=[units], dtype=dtype) for gate in "fio"
            )
        kept = _sigmoid(with_peephole(f + self._forget_bias, w_f, c_before)) * c_before
        c = kept + _sigmoid(with_peephole(i, w_i, c_before)) * self._activation(j)
        c = self._normalized(c, "state")
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        h = _sigmoid(with_peephole(o, w_o, c)) * self._activation(c)
        if self._num_proj is not None:
            with variable_scope("projection"):
                h = self._product([h], self._num_proj, bias=False)
            if self._proj_clip is not None:
                h = clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h, LSTMStateTuple(c, h)


def _kernel(parts: list[Any], size: int) -> Any:
    rows = sum(input_depth(part.shape) for part in parts)
    return get_variable("kernel", [rows, size], dtype=parts[0].dtype.base_dtype)


def _bias(size: int, dtype: Any) -> Any:
    with variable_scope(get_variable_scope()) as inner:
        inner.set_partitioner(None)
        return get_variable("bias", [size], dtype=dtype, initializer=Constant(0.0, dtype=dtype))


class LayerNormLSTMCell(_NormalizedLSTM):
    """`tf.nn.rnn_cell.LSTMCell` with layer normalisation of gates and memory (Ba et al. 2016).

    Args:
        num_units: size of the memory.
        use_peepholes: whether the gates see the memory.
        cell_clip: largest magnitude of the memory.
        initializer: of all variables that have no other.
        num_proj, proj_clip: size of the projected output, and its largest magnitude.
        forget_bias: added to the forget gate's input.
        activation: of candidate and memory, tanh by default.
        layer_norm: whether to normalise; the bias is then not used.
        norm_gain, norm_shift: first values of `gamma` and `beta`.
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
        forget_bias: float = 1.0,
        activation: Any = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_units, use_peepholes, cell_clip, initializer, num_proj, proj_clip, forget_bias,
            activation, reuse, **kwargs,
        )  # fmt: skip
        self._layer_norm = layer_norm
        self._norm_gain, self._norm_shift = norm_gain, norm_shift

    def _product(self, parts: list[Any], size: int, bias: bool) -> Tensor:
        product: Tensor = matmul(concat(parts, 1), _kernel(parts, size))
        if not bias:
            return product
        added = _bias(size, product.dtype.base_dtype)
        return product if self._layer_norm else bias_add(product, added)

    def _normalized(self, value: Tensor, scope: str) -> Tensor:
        if not self._layer_norm:
            return value
        return norm(self._norm_gain, self._norm_shift, value, scope)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            return self._step(inputs, state)


class WeightNormLSTMCell(_NormalizedLSTM):
    """`tf.nn.rnn_cell.LSTMCell` with normalised weights (Salimans and Kingma, arXiv 1602.07868).

    Each column of the kernel has, for inputs and state apart, the direction of a variable and the
    length of another one (`norm_0`, `norm_1`).

    Args:
        num_units: size of the memory.
        norm: whether to normalise.
        use_peepholes, cell_clip, initializer, num_proj, proj_clip, forget_bias, activation, reuse,
            name, dtype: as those of `LayerNormLSTMCell`.
    """

    def __init__(
        self,
        num_units: int,
        norm: bool = True,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        forget_bias: float = 1,
        activation: Any = None,
        reuse: Any = None,
        name: Any = "wn_lstm_cell",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_units, use_peepholes, cell_clip, initializer, num_proj, proj_clip, forget_bias,
            activation, reuse, name=name, **kwargs,
        )  # fmt: skip
        self._norm = norm

    def _product(self, parts: list[Any], size: int, bias: bool) -> Tensor:
        kernel = _kernel(parts, size)
        if self._norm:
            kernel = self._with_lengths(kernel, [input_depth(p.shape) for p in parts])
        product: Tensor = matmul(concat(parts, 1), kernel)
        return bias_add(product, _bias(size, product.dtype.base_dtype)) if bias else product

    def _with_lengths(self, kernel: Any, depths: list[int]) -> Tensor:
        pieces = []
        start = 0
        with scopes.control_dependencies(None):
            for i, depth in enumerate(depths):
                piece = kernel[start : start + depth, :]
                start += depth
                length = get_variable(f"norm_{i}", [piece.shape[1].value], dtype=piece.dtype)
                pieces.append(l2_normalize(piece, axis=0) * length)
            whole: Tensor = concat(pieces, axis=0)
        return whole

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        # TensorFlow's cell opens this scope a second time, too.
        with variable_scope("wn_lstm_cell", initializer=self._initializer):
            return self._step(inputs, state)
