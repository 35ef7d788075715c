"""Attention layers: how much of the source to look at where, given the decoder's state.

Each source may have several targets, one after the other in the decoder's batch: queries of
sources S times targets K, keys of sources S. So neither the beams of a search nor the many charts
of a table in training need a copy of what the encoder found.
"""

from __future__ import annotations

from typing import Any

import tf1x as tf


class AttentionLayer:
    """Keys are made once, queries in each step.

    Args:
        num_units: the size that keys and queries are brought to.
        memory: what the encoder found at each position, [S, time, depth].
        lengths: of the sources, [S].
    """

    def __init__(self, num_units: int, memory: Any, lengths: Any) -> None:
        self.num_units = num_units
        self.depth = memory.shape[2].value
        self._memory = memory
        self._keys = tf.layers.dense(memory, num_units, name="att_keys")  # [S, time, units]
        self._query_layer = tf.layers.Dense(num_units, name="att_query")
        # Minus infinity, nearly, at padding: [S, 1, time].
        mask = tf.sequence_mask(lengths, tf.shape(memory)[1], dtype=tf.float32)
        self._beyond = tf.expand_dims((1.0 - mask) * -1e9, 1)

    def __call__(self, state: Any) -> tuple[Any, Any]:
        """Scores [S * K, time], which sum to one, and the memory weighed by them [S * K, depth]."""
        query = self._query_layer(state)
        query = tf.reshape(query, [tf.shape(self._keys)[0], -1, self.num_units])  # [S, K, units]
        scores = tf.nn.softmax(self._score(query, self._keys) + self._beyond)
        context = tf.matmul(scores, self._memory)
        time = tf.shape(scores)[2]
        return tf.reshape(scores, [-1, time]), tf.reshape(context, [-1, self.depth])

    def _score(self, query: Any, keys: Any) -> Any:
        """How well queries [S, K, units] go with keys [S, time, units]: [S, K, time]."""
        raise NotImplementedError


class AttentionLayerDot(AttentionLayer):
    """The product of query and key (Luong 2015)."""

    def _score(self, query: Any, keys: Any) -> Any:
        return tf.matmul(query, keys, transpose_b=True)


class AttentionLayerBahdanau(AttentionLayer):
    """A vector times the tanh of query and key together (Bahdanau 2014)."""

    def _score(self, query: Any, keys: Any) -> Any:
        v = tf.get_variable("v_att", [self.num_units])
        both = tf.tanh(tf.expand_dims(query, 2) + tf.expand_dims(keys, 1))
        return tf.reduce_sum(v * both, 3)
