"""Attention mechanisms: how well each step of a memory fits a query (Luong, Bahdanau)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import as_dtype, float32
from tf1x.core.operation import Tensor
from tf1x.lib.initializers import Constant, Ones, Zeros
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.core import Dense
from tf1x.lib.rnn.base import zero_state_tensors
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, nn_functions, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat
from tf1x.ops.array_select import one_hot, sequence_mask, where
from tf1x.ops.checks import assert_equal, assert_positive
from tf1x.ops.matmul import matmul

__all__ = ["AttentionMechanism", "BahdanauAttention", "LuongAttention", "hardmax"]


def hardmax(logits: Any, name: str | None = None) -> Tensor:
    """1 at the largest of each row of logits, 0 elsewhere; the rows are the last dimension."""
    with scopes.name_scope(name, "Hardmax", [logits]):
        logits = convert.to_tensor(logits, name="logits")
        depth = logits.shape[-1].value
        if depth is None:
            depth = array.shape(logits)[-1]
        return one_hot(reduce.argmax(logits, -1), depth, dtype=logits.dtype)


class AttentionMechanism:
    """What an `AttentionWrapper` needs to know of a mechanism.

    It is called with (query, state), a tensor [batch, depth] and the state after the last step,
    and returns (alignments, next state). Besides what is named here it has `values`, the memory
    [batch, time, depth], `batch_size`, `dtype`, `initial_alignments` and `initial_state`.
    """

    @property
    def alignments_size(self) -> Any:
        """The number of steps of the memory."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """Sizes of what a step hands on to the next one."""
        raise NotImplementedError


class _BaseAttentionMechanism(AttentionMechanism):
    """A mechanism that compares keys, made of the memory by a layer, with a query.

    Args:
        query_layer: a layer for the query, or None.
        memory: [batch, time, ...], mostly an encoder's outputs.
        probability_fn: takes (scores, state), gives the alignments.
        memory_sequence_length: how many steps of each memory count; the others are set to zero,
            and their scores to `score_mask_value`.
        memory_layer: makes the keys of the memory, or None.
        check_inner_dims_defined: whether to raise if the memory's depth is not known.
        score_mask_value: -inf by default.
        custom_key_value_fn: takes (keys, values), returns others.

    Raises:
        TypeError: layers that are not layers, a function that is not callable.
        ValueError: a memory of unknown depth.
        InvalidArgumentError (at run time): lengths that are not positive, or of another number
            than the memory's batch.
    """

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Callable[..., Any],
        memory_sequence_length: Any = None,
        memory_layer: Any = None,
        check_inner_dims_defined: bool = True,
        score_mask_value: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        for label, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, Layer):
                raise TypeError(f"{label} is not a Layer: {type(layer).__name__}")
        if not callable(probability_fn):
            raise TypeError(
                f"probability_fn must be callable, saw type: {type(probability_fn).__name__}"
            )
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self._probabilities = probability_fn
        with scopes.name_scope(name, "BaseAttentionMechanismInit", nest.flatten(memory)):
            lengths = memory_sequence_length
            if lengths is not None:
                lengths = convert.to_tensor(lengths, name="memory_sequence_length")
            self._values = _prepared(memory, lengths, check_inner_dims_defined)
            self._keys = memory_layer(self._values) if memory_layer else self._values
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            self.dtype = memory_layer.dtype if memory_layer else self._keys.dtype.base_dtype.name
            self._batch_size = self._keys.shape[0].value or array.shape(self._keys)[0]
            self._alignments_size = self._keys.shape[1].value or array.shape(self._keys)[1]
            # The mask is the same in all steps: it is made here, outside of the decoder's loop.
            self._mask: Tensor | None = None
            if lengths is not None:
                message = "All values in memory_sequence_length must be greater than zero."
                with scopes.control_dependencies([assert_positive(lengths, message=message)]):
                    self._mask = sequence_mask(lengths, maxlen=array.shape(self._keys)[1])
        if score_mask_value is None:
            score_mask_value = as_dtype(self.dtype).as_numpy_dtype(-np.inf)
        self._score_mask_value = score_mask_value

    def _probability_fn(self, score: Tensor, state: Any) -> Any:
        """The alignments for scores [batch, time]."""
        if self._mask is not None:
            score = where(self._mask, score, self._score_mask_value * array.ones_like(score))
        return self._probabilities(score, state)

    @property
    def memory_layer(self) -> Any:
        return self._memory_layer

    @property
    def query_layer(self) -> Any:
        return self._query_layer

    @property
    def values(self) -> Any:
        """The memory, zero after the end of each sequence."""
        return self._values

    @property
    def keys(self) -> Any:
        return self._keys

    @property
    def batch_size(self) -> Any:
        """An int if it is known, else a scalar tensor."""
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Tensor:
        """Alignments before the first step: zeros [batch, time]."""
        zeros: Tensor = zero_state_tensors(self._alignments_size, batch_size, dtype)
        return zeros

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """The state before the first step: the initial alignments."""
        return self.initial_alignments(batch_size, dtype)


def _prepared(memory: Any, lengths: Tensor | None, check_inner: bool) -> Any:
    """The memory as tensors, with zeros after each sequence's end."""
    memory = nest.map_structure(lambda m: convert.to_tensor(m, name="memory"), memory)
    for part in nest.flatten(memory):
        if check_inner and not part.shape[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {part.name} to have fully defined inner dims, "
                f"but saw shape: {part.shape}"
            )
    if lengths is None:
        return memory
    first = nest.flatten(memory)[0]
    mask = sequence_mask(lengths, maxlen=array.shape(first)[1], dtype=first.dtype.base_dtype)
    count = lengths.shape[0].value or array.shape(lengths)[0]

    def masked(part: Tensor) -> Tensor:
        batch = part.shape[0].value or array.shape(part)[0]
        message = "memory_sequence_length and memory tensor batch sizes do not match."
        with scopes.control_dependencies([assert_equal(count, batch, message=message)]):
            ones = [1] * (part.shape.ndims - 2)
            zeros_after: Tensor = part * array.reshape(mask, concat([array.shape(mask), ones], 0))
        return zeros_after

    return nest.map_structure(masked, memory)


def _without_state(probability_fn: Any) -> Callable[..., Any]:
    """A function of scores (softmax by default) as one of (scores, state)."""
    function = nn_functions.softmax if probability_fn is None else probability_fn
    if not callable(function):
        raise TypeError(f"probability_fn must be callable, saw type: {type(function).__name__}")
    return lambda score, _: function(score)


def dense(num_units: int, name: str, dtype: Any) -> Dense:
    """The layer that makes keys or queries: a matrix, no bias."""
    return Dense(num_units, name=name, use_bias=False, dtype=dtype or float32)


# -- scores --------------------------------------------------------------------------------------


def luong_score(query: Tensor, keys: Tensor, scaled: bool) -> Tensor:
    """Inner products of the query [batch, units] with the keys [batch, time, units].

    Args:
        scaled: whether to multiply by the variable `attention_g`, a scalar that starts at 1.

    Raises:
        ValueError: query and keys differ in depth.
    """
    depth, units = query.shape[-1].value, keys.shape[-1].value
    if depth != units or depth is None:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys.  "
            f"Query ({query}) has units: {depth}.  Keys ({keys}) have units: {units}.  "
            f"Perhaps you need to set num_units to the keys' dimension ({units})?"
        )
    score = array.squeeze(matmul(array.expand_dims(query, 1), keys, transpose_b=True), [1])
    if scaled:
        dtype = query.dtype.base_dtype
        score = get_variable("attention_g", (), dtype, initializer=Ones(dtype=dtype)) * score
    return score


def bahdanau_score(query: Tensor, keys: Tensor, num_units: int, normalize: bool) -> Tensor:
    """v . tanh(keys + query): a perceptron on a query [batch, units] and keys [batch, time, units].

    v is the variable `attention_v`; with `normalize` its direction counts only, its length is
    `attention_g`, and `attention_b` is added inside of tanh (Salimans and Kingma 2016).
    """
    dtype = query.dtype.base_dtype
    v = get_variable("attention_v", [num_units], dtype)
    inside = keys + array.expand_dims(query, 1)
    if normalize:
        start = Constant(math.sqrt(1.0 / num_units), dtype=dtype)
        g = get_variable("attention_g", (), dtype, initializer=start)
        b = get_variable("attention_b", [num_units], dtype, initializer=Zeros(dtype=dtype))
        v = g * v * math_ops.Rsqrt(reduce.reduce_sum(math_ops.Square(v)))
        inside = inside + b
    return reduce.reduce_sum(v * math_ops.Tanh(inside), [2])


# -- mechanisms ----------------------------------------------------------------------------------


class LuongAttention(_BaseAttentionMechanism):
    """Multiplicative attention (Luong et al. 2015): the query times the keys.

    Args:
        num_units: depth of the keys; it must be that of the queries.
        memory, memory_sequence_length, score_mask_value, custom_key_value_fn: the memory
            [batch, time, depth], how many of its steps count, the score of the others (-inf), and
            what to make of keys and values.
        scale: whether scores are multiplied by a variable.
        probability_fn: makes alignments of scores, softmax by default.
        dtype: of the layer that makes the keys, float32 by default.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str = "LuongAttention",
    ) -> None:
        super().__init__(
            query_layer=None,
            memory=memory,
            probability_fn=_without_state(probability_fn),
            memory_sequence_length=memory_sequence_length,
            memory_layer=dense(num_units, "memory_layer", dtype),
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._num_units = num_units
        self._scale = scale
        self._name = name

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """(alignments [batch, time], next state, which is the same)."""
        with variable_scope(None, "luong_attention", [query]):
            score = luong_score(query, self._keys, self._scale)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class BahdanauAttention(_BaseAttentionMechanism):
    """Additive attention (Bahdanau et al. 2015): a perceptron on the query and the keys.

    Args:
        num_units: depth of the layers for queries and keys.
        normalize: whether the perceptron's last layer has a length of its own.
        memory, memory_sequence_length, probability_fn, score_mask_value, dtype,
        custom_key_value_fn: as those of `LuongAttention`.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str = "BahdanauAttention",
    ) -> None:
        super().__init__(
            query_layer=dense(num_units, "query_layer", dtype),
            memory=memory,
            probability_fn=_without_state(probability_fn),
            memory_sequence_length=memory_sequence_length,
            memory_layer=dense(num_units, "memory_layer", dtype),
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize
        self._name = name

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """(alignments [batch, time], next state, which is the same)."""
        with variable_scope(None, "bahdanau_attention", [query]):
            processed = self.query_layer(query) if self.query_layer else query
            score = bahdanau_score(processed, self._keys, self._num_units, self._normalize)
        alignments = self._probability_fn(score, state)
        return alignments, alignments
