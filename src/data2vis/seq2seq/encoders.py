"""Encoders: a sequence of vectors in, a vector at each position and a final state out."""

from __future__ import annotations

from typing import Any, NamedTuple

import tf1x as tf
from data2vis.config import Config
from data2vis.seq2seq.cells import rnn_cell


class EncoderOutput(NamedTuple):
    """What an encoder found."""

    outputs: Any  # [batch, time, depth], zeros beyond the sequences
    final_state: Any  # nest of [batch, units]


def UnidirectionalRNNEncoder(
    config: Config, inputs: Any, lengths: Any, training: bool
) -> EncoderOutput:
    """Reads from the beginning to the end."""
    cell = rnn_cell(config, "encoder", training)
    return EncoderOutput(*tf.nn.dynamic_rnn(cell, inputs, lengths, dtype=tf.float32))


def BidirectionalRNNEncoder(
    config: Config, inputs: Any, lengths: Any, training: bool
) -> EncoderOutput:
    """Reads in both directions; at each position the two outputs side by side."""
    forward, backward = (rnn_cell(config, "encoder", training) for _ in range(2))
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        forward, backward, inputs, lengths, dtype=tf.float32
    )
    return EncoderOutput(tf.concat(outputs, 2), states)
