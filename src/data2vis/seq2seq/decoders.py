"""Decoders: cells that write the target token by token; logits are made of their outputs.

A decoder is an RNNCell, so `tf.nn.dynamic_rnn` drives it in training and
`tf.contrib.seq2seq.BeamSearchDecoder` in a search. `step` tells the attention scores, too.
"""

from __future__ import annotations

from typing import Any

import tf1x as tf
from data2vis.seq2seq.attention import AttentionLayer


class BasicDecoder(tf.nn.rnn_cell.RNNCell):  # type: ignore[misc]
    """The cell alone: all that it knows of the source is in its first state."""

    def __init__(self, cell: Any) -> None:
        super().__init__(name="basic_decoder")
        self._cell = cell

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    def first_state(self, cell_state: Any) -> Any:
        """The state before the first token."""
        return cell_state

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any, Any]:
        """Output, new state, attention scores (none here)."""
        output, state = self._cell(inputs, state)
        return output, state, None

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        output, state, _ = self.step(inputs, state)
        return output, state


class AttentionDecoder(BasicDecoder):
    """The cell gets what was looked at last beside its input; then looks again.

    The output is a tanh layer on the cell's output and what it looked at (Luong 2015).
    """

    def __init__(self, cell: Any, attention: AttentionLayer) -> None:
        tf.nn.rnn_cell.RNNCell.__init__(self, name="attention_decoder")
        self._cell = cell
        self._attention = attention
        self._mix = tf.layers.Dense(cell.output_size, tf.tanh, name="attention_mix")

    @property
    def state_size(self) -> Any:
        return self._cell.state_size, self._attention.depth

    def first_state(self, cell_state: Any) -> Any:
        batch = tf.shape(tf.contrib.framework.nest.flatten(cell_state)[0])[0]
        return cell_state, tf.zeros([batch, self._attention.depth])

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any, Any]:
        cell_state, context = state
        output, cell_state = self._cell(tf.concat([inputs, context], 1), cell_state)
        scores, context = self._attention(output)
        return self._mix(tf.concat([output, context], 1)), (cell_state, context), scores
