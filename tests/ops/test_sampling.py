"""Candidate samplers and the losses on sampled classes: the same graphs and values as TensorFlow's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats, ints

_WEIGHTS = floats(30, 4)
_BIASES = floats(30, seed=1)
_INPUTS = floats(5, 4, seed=2)
_LABELS = ints(5, 1, low=0, high=12, dtype="int64")
_TWO = ints(5, 2, low=0, high=12, dtype="int64")


@pytest.fixture(autouse=True)
def _seeds_of_tensorflow_2() -> Iterator[None]:
    os.environ["TF1X_SEEDS"] = "tf2"
    yield
    del os.environ["TF1X_SEEDS"]


def _loss(function: str, **options: Any) -> Program:
    labels = options.pop("labels", _LABELS)
    sampler = options.pop("sampler", None)

    def program(tf: Any) -> Any:
        weights, biases = tf.constant(_WEIGHTS), tf.constant(_BIASES)
        if options.get("partition_strategy"):
            weights = [tf.constant(_WEIGHTS[:15]), tf.constant(_WEIGHTS[15:])]
        given = dict(options)
        if sampler:
            given["sampled_values"] = sampler(tf)
        args = (weights, biases, tf.constant(labels), tf.constant(_INPUTS), 7, 30)
        return getattr(tf.nn, function)(*args, num_true=labels.shape[1], **given)

    return program


def _uniform(tf: Any) -> Any:
    return tf.nn.uniform_candidate_sampler(_LABELS, 1, 7, True, 30, seed=3)


SAME: dict[str, Program] = {
    "nce": _loss("nce_loss"),
    "nce name": _loss("nce_loss", name="loss"),
    "nce two": _loss("nce_loss", labels=_TWO),
    "nce int32": _loss("nce_loss", labels=_LABELS.astype(np.int32)),
    "nce sampler": _loss("nce_loss", sampler=_uniform),
    "softmax seed": _loss("sampled_softmax_loss", seed=5, remove_accidental_hits=False),
    "samplers": lambda tf: [
        *tf.nn.uniform_candidate_sampler(_LABELS, 1, 6, True, 30),
        *tf.nn.log_uniform_candidate_sampler(_LABELS, 1, 6, False, 30, seed=4, name="log"),
        *tf.nn.learned_unigram_candidate_sampler(_LABELS, 1, 6, True, 30),
        *tf.nn.fixed_unigram_candidate_sampler(_LABELS, 1, 6, False, 12, unigrams=list(range(1, 13))),
        *tf.nn.all_candidate_sampler(_LABELS, 1, 30, True),
    ],
    "hits": lambda tf: list(tf.nn.compute_accidental_hits(_TWO, np.arange(4, 9), 2)),
    "softmax": _loss("sampled_softmax_loss"),
    "softmax two": _loss("sampled_softmax_loss", labels=_TWO),
    "nce hits": _loss("nce_loss", remove_accidental_hits=True, labels=_TWO),
}  # fmt: skip

# Values only: lookups in several tables go through other nodes.
SAME_VALUES: dict[str, Program] = {
    "parts": _loss("nce_loss", partition_strategy="div"),
    "parts mod": _loss("sampled_softmax_loss", partition_strategy="mod"),
}


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False)


@pytest.mark.parametrize("function", ["nce_loss", "sampled_softmax_loss"])
def test_gradients_are_of_the_rows_used(function: str) -> None:
    def program(tf: Any) -> list[Any]:
        graph = tf.Graph()
        with graph.as_default():
            tf.set_random_seed(1)
            weights = tf.get_variable("w", initializer=_WEIGHTS)
            biases = tf.get_variable("b", initializer=_BIASES)
            inputs = tf.constant(_INPUTS)
            losses = getattr(tf.nn, function)(
                weights, biases, tf.constant(_TWO), inputs, 7, 30, num_true=2
            )
            found = tf.gradients(losses, [weights, biases, inputs])
            assert isinstance(found[0], tf.IndexedSlices)
            fetches = [losses, *map(tf.convert_to_tensor, found)]
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                return [session.run(fetches) for _ in range(2)]

    from tests.oracle import tf1

    for ours, theirs in zip(program(tf1x), program(tf1), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_sampled_softmax_is_one_compiled_program() -> None:
    """How many sampled classes are hits changes from run to run; the program does not."""
    graph = tf1x.Graph()
    with graph.as_default():
        tf1x.set_random_seed(1)
        loss = _loss("sampled_softmax_loss")(tf1x)
        with tf1x.Session() as session:
            values = [session.run(loss) for _ in range(5)]
            (executor,) = session._executors.values()
    assert len({v.tobytes() for v in values}) == 5
    assert len(executor._only.compiled) == 1


def test_samples_of_a_vocabulary_file(tmp_path: Any) -> None:
    path = tmp_path / "vocabulary.csv"
    path.write_text("".join(f"word{i},{i + 1}\n" for i in range(12)))

    def program(tf: Any) -> Any:
        return list(
            tf.nn.fixed_unigram_candidate_sampler(
                _LABELS, 1, 6, True, 14, vocab_file=str(path), distortion=0.75, num_reserved_ids=2
            )
        )

    assert_same(program)
    assert (
        error_of(
            tf1x,
            lambda tf: tf.nn.fixed_unigram_candidate_sampler(
                _LABELS, 1, 6, True, 14, vocab_file=str(tmp_path / "none")
            )[0],
        )[0]
        == "NotFoundError"
    )


ERRORS: dict[str, tuple[Program, str]] = {
    "range": (lambda tf: tf.nn.uniform_candidate_sampler(_LABELS, 1, 6, True, 5)[0], "Sampler's range is too small."),
    "class": (lambda tf: tf.nn.uniform_candidate_sampler(_LABELS, 1, 2, True, 5)[0], "`true_candidate` out of range [0, 5), received"),
    "weights": (lambda tf: tf.nn.fixed_unigram_candidate_sampler(_LABELS, 1, 6, True, 14)[0], "Must provide either vocab_file or unigrams."),
    "number": (lambda tf: tf.nn.fixed_unigram_candidate_sampler(_LABELS, 1, 2, True, 14, unigrams=[1.0] * 3)[0], "must be equal to weights size"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    program, text = ERRORS[name]
    kind, message = error_of(tf1x, program)
    assert kind == "InvalidArgumentError"
    assert text in message


def test_unseeded_samplers_differ() -> None:
    def sample() -> list[int]:
        graph = tf1x.Graph()
        with graph.as_default(), tf1x.Session() as session:
            return session.run(
                tf1x.nn.uniform_candidate_sampler(_LABELS, 1, 9, True, 10**9)[0]
            ).tolist()

    assert sample() != sample()
    assert run(tf1x, SAME["samplers"])[0]
