"""Bridges: the decoder's first state, from what the encoder found."""

from __future__ import annotations

from typing import Any

import tf1x as tf
from data2vis.config import Config
from data2vis.seq2seq.encoders import EncoderOutput


def ZeroBridge(config: Config, encoded: EncoderOutput, cell: Any) -> Any:
    """Zeros: all that the decoder learns of the source comes through the attention."""
    return cell.zero_state(tf.shape(encoded.outputs)[0], tf.float32)


def PassThroughBridge(config: Config, encoded: EncoderOutput, cell: Any) -> Any:
    """The encoder's final state as it is; the cells must be alike."""
    tf.contrib.framework.nest.assert_same_structure(encoded.final_state, cell.state_size)
    return encoded.final_state


def InitialStateBridge(config: Config, encoded: EncoderOutput, cell: Any) -> Any:
    """A linear layer on the encoder's final state, or one with `bridge.params.activation_fn`."""
    nest = tf.contrib.framework.nest
    name = config["bridge.params.activation_fn"]
    final = tf.concat(nest.flatten(encoded.final_state), 1)
    sizes = nest.flatten(cell.state_size)
    state = [
        tf.layers.dense(final, size, getattr(tf.nn, name) if name else None, name=f"state_{i}")
        for i, size in enumerate(sizes)
    ]
    return nest.pack_sequence_as(cell.state_size, state)
