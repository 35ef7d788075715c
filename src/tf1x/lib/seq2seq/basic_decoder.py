"""`BasicDecoder`: a cell, and a helper that says what each step gets."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1x.core import nest, scopes
from tf1x.core.shapes import TensorShape
from tf1x.lib.layers.base import Layer
from tf1x.lib.rnn.base import assert_like_rnncell
from tf1x.lib.seq2seq.decoder import Decoder
from tf1x.lib.seq2seq.helpers import Helper, TrainingHelper

__all__ = ["BasicDecoder", "BasicDecoderOutput"]


class BasicDecoderOutput(NamedTuple):
    """What a step puts out: the cell's output (after the output layer), and the sampled ids."""

    rnn_output: Any
    sample_id: Any


def check_output_layer(layer: Any) -> None:
    """Raise TypeError unless `layer` is None or a layer."""
    if layer is not None and not isinstance(layer, Layer):
        raise TypeError(f"output_layer must be a Layer, received: {type(layer)}")


def projected_size(size: Any, layer: Any) -> Any:
    """The size of a cell's outputs after an output layer, if there is one."""
    if layer is None:
        return size
    shapes = nest.map_structure(lambda s: TensorShape([None]).concatenate(s), size)
    return nest.map_structure(lambda shape: shape[1:], layer.compute_output_shape(shapes))


class BasicDecoder(Decoder):
    """Runs a cell on the inputs that a helper gives, and lets it sample from the outputs.

    Args:
        cell: an RNNCell.
        helper: a Helper.
        initial_state: the cell's first state.
        output_layer: a layer applied to the cell's outputs (`tf.layers.Dense`, mostly).

    Raises:
        TypeError: an argument of another type.

    Example:
        >>> helper = tf.contrib.seq2seq.TrainingHelper(embedded, lengths)
        >>> decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, state, tf.layers.Dense(vocab))
        >>> outputs, state, lengths = tf.contrib.seq2seq.dynamic_decode(decoder)
        >>> logits = outputs.rnn_output
    """

    def __init__(
        self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None
    ) -> None:
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        check_output_layer(output_layer)
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self) -> Any:
        return self._helper.batch_size

    @property
    def output_size(self) -> BasicDecoderOutput:
        return BasicDecoderOutput(
            projected_size(self._cell.output_size, self._output_layer),
            self._helper.sample_ids_shape,
        )

    @property
    def output_dtype(self) -> BasicDecoderOutput:
        """The outputs have the type of the first part of the state."""
        dtype = nest.flatten(self._initial_state)[0].dtype
        sizes = projected_size(self._cell.output_size, self._output_layer)
        return BasicDecoderOutput(
            nest.map_structure(lambda _: dtype, sizes), self._helper.sample_ids_dtype
        )

    def inputs_at(self, time: Any) -> Any:
        if type(self) is BasicDecoder and isinstance(self._helper, TrainingHelper):
            return self._helper.inputs_at(time)
        return None

    def initialize(self, name: str | None = None) -> Any:
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with scopes.name_scope(name, "BasicDecoderStep", nest.flatten((time, inputs))):
            outputs, cell_state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            ids = self._helper.sample(time=time, outputs=outputs, state=cell_state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=cell_state, sample_ids=ids
            )
        return BasicDecoderOutput(outputs, ids), next_state, next_inputs, finished
