"""The network: an encoder, a bridge, a decoder with attention, and what is computed with them.

`Model` builds a graph in a variable scope; built twice there, it uses the same weights:

    training = Model(config, source, target, training=True)    # loss, train_op
    model = Model(config, source, target)                      # loss, encode, step, beams

Fed are padded ids. A source may have several targets, as many for each (`seq2seq.attention`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tf1x as tf
from data2vis.config import Config
from data2vis.seq2seq import attention, bridges, decoders, encoders
from data2vis.seq2seq.cells import rnn_cell
from data2vis.vocabulary import END_ID, START_ID, Vocabulary

nest = tf.contrib.framework.nest


class Step(NamedTuple):
    """One token of many hypotheses of one source: what is fed, what comes out.

    `parents` says which of the hypotheses before each one continues.
    """

    parents: Any  # [K]
    ids: Any  # [K], the last tokens
    state: list[Any]  # [K before, units] each
    log_probs: Any  # [K, tokens]
    new_state: list[Any]
    scores: Any  # [K, time] of the attention, or None


class Model:
    """One graph of the network.

    Args:
        config: what it is made of.
        source, target: the vocabularies.
        training: with dropout and `train_op`.

    Placeholders: `source` [S, time] and `source_lengths` [S] of sources; `target` [S * K, time]
    and `target_lengths` [S * K] of targets that begin with `<start>`, the K of each source
    together; a length of 0 is no target.
    """

    def __init__(
        self, config: Config, source: Vocabulary, target: Vocabulary, training: bool = False
    ) -> None:
        self.config = config
        self.source = tf.placeholder(tf.int32, [None, None], "source")
        self.source_lengths = tf.placeholder(tf.int32, [None], "source_lengths")
        self.target = tf.placeholder(tf.int32, [None, None], "target")
        self.target_lengths = tf.placeholder(tf.int32, [None], "target_lengths")
        with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
            scale = config["embedding.init_scale"]
            uniform = tf.random_uniform_initializer(-scale, scale)
            shape = [len(source), config["embedding.dim"]]
            self._source_embedding = tf.get_variable("source_embedding", shape, None, uniform)
            self._embedding = self._source_embedding
            if not config["embedding.share"]:
                shape = [len(target), config["embedding.dim"]]
                self._embedding = tf.get_variable("target_embedding", shape, None, uniform)
            self._logits = tf.layers.Dense(len(target), name="logits")
            encoded = self._encode(training)
            self.memory = encoded.outputs
            self._decoder = self._make_decoder(encoded, training)
            self._first = self._decoder.first_state(self._bridge(encoded))
            self.first_state = nest.flatten(self._first)
            self._build_loss()
        if training:
            self._build_train_op()

    # -- parts -----------------------------------------------------------------------------------

    def _encode(self, training: bool) -> encoders.EncoderOutput:
        ids = self.source
        if self.config["source.reverse"]:
            ids = tf.reverse_sequence(ids, self.source_lengths, seq_axis=1, batch_axis=0)
        inputs = tf.nn.embedding_lookup(self._source_embedding, ids)
        encoder = getattr(encoders, self.config["encoder.class"])
        with tf.variable_scope("encoder"):
            found: encoders.EncoderOutput = encoder(
                self.config, inputs, self.source_lengths, training
            )
        return found

    def _make_decoder(self, encoded: encoders.EncoderOutput, training: bool) -> Any:
        self._cell = rnn_cell(self.config, "decoder", training)
        if self.config["decoder.class"] == "BasicDecoder":
            return decoders.BasicDecoder(self._cell)
        layer = getattr(attention, self.config["attention.class"])
        with tf.variable_scope("attention"):
            attending = layer(
                self.config["attention.params.num_units"], encoded.outputs, self.source_lengths
            )
        return decoders.AttentionDecoder(self._cell, attending)

    def _bridge(self, encoded: encoders.EncoderOutput) -> Any:
        with tf.variable_scope("bridge"):
            return getattr(bridges, self.config["bridge.class"])(self.config, encoded, self._cell)

    # -- training --------------------------------------------------------------------------------

    def _build_loss(self) -> None:
        """The log perplexity: the mean cross entropy of a token, natural logarithm."""
        sources = tf.shape(self.source)[0]
        targets = tf.shape(self.target)[0] // sources
        state = nest.map_structure(lambda x: _repeat(x, targets), self._first)
        inputs = tf.nn.embedding_lookup(self._embedding, self.target[:, :-1])
        with tf.variable_scope("decoder"):
            outputs, _ = tf.nn.dynamic_rnn(self._decoder, inputs, initial_state=state)
        cross_entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=self.target[:, 1:], logits=self._logits(outputs)
        )
        self.weights = tf.sequence_mask(
            self.target_lengths - 1, tf.shape(cross_entropies)[1], dtype=tf.float32
        )
        self.total_loss = tf.reduce_sum(cross_entropies * self.weights)
        self.tokens = tf.reduce_sum(self.weights)
        self.loss = self.total_loss / self.tokens

    def _build_train_op(self) -> None:
        config = self.config
        self.step = tf.train.get_or_create_global_step()
        self.learning_rate = _learning_rate(config, self.step)
        optimizer = _OPTIMIZERS[config["optimizer.name"]](
            self.learning_rate, **config["optimizer.params"]
        )
        gradients, variables = zip(*optimizer.compute_gradients(self.loss))
        # The embeddings are small: updating them whole is faster than picking their rows.
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        clipped, self.gradient_norm = tf.clip_by_global_norm(
            dense, config["optimizer.clip_gradients"]
        )
        self.train_op = optimizer.apply_gradients(zip(clipped, variables), self.step)

    # -- decoding --------------------------------------------------------------------------------

    def decoding_step(self) -> Step:
        """One token, chosen outside: feed `memory` and `source_lengths` of the source, too."""
        with tf.variable_scope("model", reuse=True), tf.variable_scope("decoder"):
            parents = tf.placeholder(tf.int32, [None], "parents")
            ids = tf.placeholder(tf.int32, [None], "ids")
            before = [
                tf.placeholder(tf.float32, [None, x.shape[1].value], "state")
                for x in self.first_state
            ]
            state = nest.pack_sequence_as(self._first, [tf.gather(x, parents) for x in before])
            inputs = tf.nn.embedding_lookup(self._embedding, ids)
            with tf.variable_scope("rnn/" + self._decoder.name):
                output, state, scores = self._decoder.step(inputs, state)
            log_probs = tf.nn.log_softmax(self._logits(output))
        return Step(parents, ids, before, log_probs, nest.flatten(state), scores)

    def beam_search(self, beam_width: int) -> Any:
        """The network alone: ids [S, time, beams] and their scores, the best beam first."""
        config = self.config
        sources = tf.shape(self.source)[0]
        state = tf.contrib.seq2seq.tile_batch(self._first, beam_width)
        with tf.variable_scope("model", reuse=True):
            search = tf.contrib.seq2seq.BeamSearchDecoder(
                self._decoder,
                self._embedding,
                tf.fill([sources], START_ID),
                END_ID,
                state,
                beam_width,
                self._logits,
                config["inference.beam_search.length_penalty_weight"],
            )
            limit = config["target.max_seq_len"]
            with tf.variable_scope("decoder/rnn"):
                outputs, _, _ = tf.contrib.seq2seq.dynamic_decode(search, maximum_iterations=limit)
        return outputs


def _repeat(x: Any, times: Any) -> Any:
    """Each row so many times, one after the other."""
    width = x.shape[1].value
    return tf.reshape(tf.tile(tf.expand_dims(x, 1), [1, times, 1]), [-1, width])


_OPTIMIZERS = {
    "Adam": tf.train.AdamOptimizer,
    "Adagrad": tf.train.AdagradOptimizer,
    "Adadelta": tf.train.AdadeltaOptimizer,
    "Ftrl": tf.train.FtrlOptimizer,
    "Momentum": lambda rate, momentum=0.9, **more: tf.train.MomentumOptimizer(
        rate, momentum, **more
    ),
    "RMSProp": tf.train.RMSPropOptimizer,
    "SGD": tf.train.GradientDescentOptimizer,
}


def _learning_rate(config: Config, step: Any) -> Any:
    """The rate at a step: constant, then falling between two steps, never below the least."""
    rate = tf.constant(config["optimizer.learning_rate"])
    if not config["optimizer.lr_decay_type"]:
        return rate
    start = config["optimizer.lr_start_decay_at"]
    steps = tf.minimum(step, config["optimizer.lr_stop_decay_at"]) - start
    decayed = getattr(tf.train, config["optimizer.lr_decay_type"])(
        rate,
        tf.maximum(steps, 0),
        config["optimizer.lr_decay_steps"],
        config["optimizer.lr_decay_rate"],
        config["optimizer.lr_staircase"],
    )
    return tf.maximum(decayed, config["optimizer.lr_min_learning_rate"])
