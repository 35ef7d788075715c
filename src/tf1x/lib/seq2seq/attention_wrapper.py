"""`AttentionWrapper`: a cell that looks at a memory in each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tf1x.core import nest, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.layers.core import Dense
from tf1x.lib.rnn.base import RNNCell, assert_like_rnncell, zero_state_tensors
from tf1x.lib.seq2seq.attention import AttentionMechanism
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat
from tf1x.ops.checks import Assert, assert_equal
from tf1x.ops.matmul import matmul
from tf1x.ops.tensor_array import TensorArray

__all__ = ["AttentionWrapper", "AttentionWrapperState"]


class AttentionWrapperState(NamedTuple):
    """What an `AttentionWrapper` hands on from step to step.

    Of several mechanisms, `alignments`, `alignment_history` and `attention_state` are tuples.

    Attributes:
        cell_state: the state of the wrapped cell.
        attention: what was read from the memory in the last step, [batch, size].
        time: the number of steps so far, a scalar int32.
        alignments: where the last step looked, [batch, memory time].
        alignment_history: a TensorArray of the alignments of all steps; () where it is not kept.
        attention_state: the mechanism's state.
    """

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """This state with other values for some of its fields, of the same shapes.

        Raises:
            ValueError: a tensor of another shape.
            InvalidArgumentError (at run time): the same, where shapes are known only then.

        Example:
            >>> state = cell.zero_state(batch, tf.float32).clone(cell_state=encoder_state)
        """
        result: AttentionWrapperState = nest.map_structure(
            _with_shape_of, self, self._replace(**kwargs)
        )
        return result


def _with_shape_of(old: Any, new: Any) -> Any:
    """`new`, known and checked to have the shape of `old`."""
    if new is old or not (isinstance(old, Tensor) and isinstance(new, Tensor)):
        return new
    if not old.shape.is_compatible_with(new.shape):
        raise ValueError(
            f"The shape of the AttentionWrapperState is expected to be same as the one to clone. "
            f"self.shape: {old.shape}, input.shape: {new.shape}"
        )
    if old.shape.is_fully_defined() and new.shape.is_fully_defined():
        return new
    wanted, actual = array.shape(old), array.shape(new)
    same = reduce.reduce_all(math_ops.Equal(wanted, actual))
    message = f"Wrong shape for {new.name} [expected] [actual]."
    with scopes.control_dependencies([Assert(same, [message, wanted, actual])]):
        checked = array.identity(new)
    checked.set_shape(old.shape)
    return checked


class AttentionWrapper(RNNCell):
    """A cell whose inputs are joined with what it read from a memory in its last step.

    In each step: the inputs and the last attention go into the cell; the mechanism compares the
    cell's output with the memory, which gives the alignments; the context is the memory weighted
    with them; and the attention is that context, or a layer of output and context.

    Args:
        cell: an RNNCell.
        attention_mechanism: an AttentionMechanism, or a list of them.
        attention_layer_size: depth of the layer that makes the attention, a list of depths for a
            list of mechanisms; None: the context is the attention.
        alignment_history: whether the final state has the alignments of all steps.
        cell_input_fn: takes (inputs, attention), gives the cell's inputs; by default both side by
            side.
        output_attention: whether the output is the attention (Luong) or the cell's (Bahdanau).
        initial_cell_state: the cell's state in `zero_state`.
        attention_layer: that layer itself, or a list of them, instead of its size.
        attention_fn: takes (mechanism, cell output, mechanism's state, layer), gives (attention,
            alignments, next state).
        name, dtype: those of a layer.

    With `BeamSearchDecoder`, memory, lengths and the encoder's state are tiled with `tile_batch`,
    and `zero_state` is called with batch_size * beam_width.

    Raises:
        TypeError: not a cell, not a mechanism, a function that is not callable.
        ValueError: size and layer are both given, or not one for each mechanism.
    """

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Callable[..., Any] | None = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: Any = None,
        attention_layer: Any = None,
        attention_fn: Callable[..., Any] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        self._attention_mechanisms = _as_tuple(attention_mechanism)
        for mechanism in self._attention_mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                raise TypeError(
                    "attention_mechanism must be an AttentionMechanism or list of multiple "
                    f"AttentionMechanism instances, saw type: {type(mechanism).__name__}"
                )
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(
                f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}"
            )
        self._cell = cell
        self._cell_input_fn = cell_input_fn or _side_by_side
        self._attention_layers: Any = None
        self._attention_layer_size: int = self._layers(attention_layer_size, attention_layer)
        self._attention_fn = attention_fn or _attention
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        self._initial_cell_state: Any = None
        with scopes.name_scope(name if isinstance(name, str) else None, "AttentionWrapperInit"):
            if initial_cell_state is not None:
                last = nest.flatten(initial_cell_state)[-1]
                checks = self._batch_size_checks(
                    last.shape[0].value or array.shape(last)[0],
                    "constructing", "initial_cell_state", "your initial state",
                )  # fmt: skip
                with scopes.control_dependencies(checks):
                    self._initial_cell_state = nest.map_structure(
                        lambda s: array.identity(s, name="check_initial_cell_state"),
                        initial_cell_state,
                    )

    def _layers(self, sizes: Any, layers: Any) -> int:
        """Set the layers that make the attention; the sum of their depths."""
        mechanisms = self._attention_mechanisms
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        if sizes is None and layers is None:
            return sum(m.values.shape[-1].value for m in mechanisms)
        what, given = (
            ("attention_layer", layers) if sizes is None else ("attention_layer_size", sizes)
        )
        given = _as_tuple(given)
        if len(given) != len(mechanisms):
            raise ValueError(
                f"If provided, {what} must contain exactly one entry per attention_mechanism, "
                f"saw: {len(given)} vs {len(mechanisms)}"
            )
        if sizes is not None:
            self._attention_layers = tuple(
                Dense(size, name="attention_layer", use_bias=False, dtype=m.dtype)
                for size, m in zip(given, mechanisms, strict=True)
            )
            return sum(given)
        self._attention_layers = given
        depths = [self._cell.output_size + m.values.shape[-1].value for m in mechanisms]
        return sum(
            TensorShape(layer.compute_output_shape([None, depth]))[-1].value
            for layer, depth in zip(given, depths, strict=True)
        )

    def _batch_size_checks(
        self, batch_size: Any, when: str, what: str, tile: str
    ) -> list[Operation | None]:
        message = (
            f"When {when} AttentionWrapper {self.name}: Non-matching batch sizes between the memory "
            f"(encoder output) and {what}.  Are you using the BeamSearchDecoder?  You may need to "
            f"tile {tile} via the tf.contrib.seq2seq.tile_batch function with argument "
            "multiplier=beam_width."
        )
        return [
            assert_equal(batch_size, m.batch_size, message=message)
            for m in self._attention_mechanisms
        ]

    def _item_or_tuple(self, items: Iterable[Any]) -> Any:
        """What there is of each mechanism: a tuple, or the only item if there is one mechanism."""
        every = tuple(items)
        return every if self._is_multi else every[0]

    # -- what it is ----------------------------------------------------------------------------

    @property
    def output_size(self) -> Any:
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> AttentionWrapperState:
        mechanisms = self._attention_mechanisms
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            attention=self._attention_layer_size,
            time=TensorShape([]),
            alignments=self._item_or_tuple(m.alignments_size for m in mechanisms),
            alignment_history=self._item_or_tuple(
                m.alignments_size if self._alignment_history else () for m in mechanisms
            ),
            attention_state=self._item_or_tuple(m.state_size for m in mechanisms),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        """The state before the first step: zeros, and `initial_cell_state` if it was given.

        Raises:
            ValueError, or InvalidArgumentError at run time: another batch size than the memory's.
        """
        mechanisms = self._attention_mechanisms
        with scopes.name_scope(f"{type(self).__name__}ZeroState"):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._zero_cell_state(batch_size, dtype)
            checks = self._batch_size_checks(
                batch_size, "calling zero_state of", "the requested batch size", "your memory"
            )
            with scopes.control_dependencies(checks):
                cell_state = nest.map_structure(
                    lambda s: array.identity(s, name="checked_cell_state"), cell_state
                )
            alignments = [m.initial_alignments(batch_size, dtype) for m in mechanisms]
            history = (
                TensorArray(dtype, size=0, dynamic_size=True, element_shape=a.shape)
                if self._alignment_history
                else ()
                for a in alignments
            )
            return AttentionWrapperState(
                cell_state=cell_state,
                attention=zero_state_tensors(self._attention_layer_size, batch_size, dtype),
                time=array.zeros([], int32),
                alignments=self._item_or_tuple(alignments),
                alignment_history=self._item_or_tuple(history),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in mechanisms
                ),
            )

    def _zero_cell_state(self, batch_size: Any, dtype: Any) -> Any:
        if getattr(self._cell, "get_initial_state", None) is not None:
            return self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
        return self._cell.zero_state(batch_size, dtype)

    # -- a step --------------------------------------------------------------------------------

    def call(self, inputs: Any, state: Any) -> Any:
        """(attention or the cell's output, next state).

        Raises:
            TypeError: `state` is not an AttentionWrapperState.
        """
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. "
                f"Received type {type(state)} instead."
            )
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        output, cell_state = self._cell(cell_inputs, state.cell_state)
        batch = output.shape[0].value or array.shape(output)[0]
        checks = self._batch_size_checks(
            batch, "applying", "the query (decoder output)", "your memory input"
        )
        with scopes.control_dependencies(checks):
            output = array.identity(output, name="checked_cell_output")
        attentions, alignments, states, histories = [], [], [], []
        for i, mechanism in enumerate(self._attention_mechanisms):
            read, where_, new = self._attention_fn(
                mechanism,
                output,
                state.attention_state[i] if self._is_multi else state.attention_state,
                self._attention_layers[i] if self._attention_layers else None,
            )
            history = state.alignment_history[i] if self._is_multi else state.alignment_history
            if self._alignment_history:
                history = history.write(state.time, where_)
            attentions.append(read)
            alignments.append(where_)
            states.append(new)
            histories.append(history)
        attention = concat(attentions, 1)
        next_state = AttentionWrapperState(
            cell_state=cell_state,
            attention=attention,
            time=state.time + 1,
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(histories),
            attention_state=self._item_or_tuple(states),
        )
        return (attention if self._output_attention else output), next_state


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _side_by_side(inputs: Any, attention: Any) -> Tensor:
    return concat([inputs, attention], -1)


def _attention(mechanism: Any, output: Any, state: Any, layer: Any) -> tuple[Any, Any, Any]:
    """Attention, alignments and next state of one mechanism."""
    found = mechanism(output, state)
    # Mechanisms of programs written before TensorFlow 1.5 return the alignments only.
    alignments, next_state = found if isinstance(found, tuple) else (found, found)
    context = array.squeeze(matmul(array.expand_dims(alignments, 1), mechanism.values), [1])
    if layer is None:
        return context, alignments, next_state
    return layer(concat([output, context], 1)), alignments, next_state
