"""`tf.parse_example` and kin: the same nodes, values and errors as TensorFlow's."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, error_of, run
from tests.oracle import tf1


def _ints(*values: int) -> Any:
    return tf1.train.Feature(int64_list=tf1.train.Int64List(value=values))


def _floats(*values: float) -> Any:
    return tf1.train.Feature(float_list=tf1.train.FloatList(value=values))


def _texts(*values: bytes) -> Any:
    return tf1.train.Feature(bytes_list=tf1.train.BytesList(value=values))


def _example(**features: Any) -> bytes:
    made = tf1.train.Example(features=tf1.train.Features(feature=features))
    return made.SerializeToString(deterministic=True)


def _sequence(context: dict[str, Any] | None = None, **lists: Any) -> bytes:
    made = tf1.train.SequenceExample(context=tf1.train.Features(feature=context or {}))
    for key, frames in lists.items():
        made.feature_lists.feature_list[key].feature.extend(frames)
    return made.SerializeToString(deterministic=True)


BATCH = [
    _example(a=_ints(1, -2), b=_floats(0.5), s=_texts(b"x", b"y\0")),
    _example(a=_ints(3, 4), s=_texts()),
    _example(a=_ints(5, 1 << 40), s=_texts(b"z"), none=tf1.train.Feature()),
]
ONE = BATCH[0]
PLACES = [
    _example(i=_ints(3, 1), j=_ints(0, 2), v=_floats(1, 2)),
    _example(),
    _example(i=_ints(2), j=_ints(1), v=_floats(5)),
]
SEQUENCES = [
    _sequence(
        {"c": _ints(7), "v": _texts(b"q", b"r")},
        d=[_ints(1, 2), _ints(3, 4), _ints(5, 6)],
        s=[_floats(1), _floats(), _floats(2, 3)],
    ),
    _sequence({"c": _ints(8)}, d=[_ints(9, 9)], s=[_floats(4, 5, 6)]),
]


def _parse(examples: Any, features: Any, **options: Any) -> Program:
    """A program that parses; `features` makes the descriptions from a TensorFlow."""

    def program(tf: Any) -> Any:
        parse = tf.parse_single_example if isinstance(examples, bytes) else tf.parse_example
        found = parse(examples, features(tf), **options)
        return _parts(tf, [found[key] for key in sorted(found)])

    return program


def _parts(tf: Any, found: list[Any]) -> list[Any]:
    parts: list[Any] = []
    for item in found:
        sparse = hasattr(item, "indices") and hasattr(item, "dense_shape")
        parts += [item.indices, item.values, item.dense_shape] if sparse else [item]
    return parts


def _parse_sequence(examples: Any, context: Any = None, lists: Any = None, *rest: Any) -> Program:
    def program(tf: Any) -> Any:
        single = isinstance(examples, bytes)
        parse = tf.parse_single_sequence_example if single else tf.io.parse_sequence_example
        dicts = parse(examples, context and context(tf), lists and lists(tf), *rest)
        return _parts(tf, [found[key] for found in dicts for key in sorted(found)])

    return program


def _context(tf: Any) -> dict[str, Any]:
    return {"c": tf.FixedLenFeature([], tf.int64), "v": tf.VarLenFeature(tf.string)}


def _lists(tf: Any) -> dict[str, Any]:
    return {"d": tf.FixedLenSequenceFeature([2], tf.int64), "s": tf.VarLenFeature(tf.float32)}


def _missing(tf: Any) -> dict[str, Any]:
    return {
        "none": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
        "nothing": tf.VarLenFeature(tf.float32),
    }


SAME: dict[str, Program] = {
    "all kinds": _parse(BATCH, lambda tf: {
        "a": tf.FixedLenFeature([2], tf.int64), "b": tf.FixedLenFeature([], tf.float32, -1.0),
        "s": tf.VarLenFeature(tf.string), "none": tf.VarLenFeature(tf.int64)}),
    "padded": _parse(BATCH, lambda tf: {
        "s": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True),
        "b": tf.FixedLenSequenceFeature([1], tf.float32, allow_missing=True, default_value=9),
        "none": tf.io.FixedLenSequenceFeature([2, 2], tf.int64, True)}),
    "one": _parse(ONE, lambda tf: {
        "a": tf.FixedLenFeature([2, 1], tf.int64), "s": tf.VarLenFeature(tf.string),
        "none": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True)}),
    "default text": _parse(BATCH, lambda tf: {"odd key!": tf.FixedLenFeature([2], tf.string, ["p", "q"])}),
    "tensor as default": _parse(BATCH, lambda tf: {"b": tf.FixedLenFeature([], tf.float32, tf.constant(2.0))}),
    "names": _parse(BATCH, lambda tf: {"a": tf.io.VarLenFeature(tf.int64)}, name="mine", example_names=["x", "y", "z"]),
    "sparse feature": _parse(PLACES, lambda tf: {"x": tf.SparseFeature("i", "v", tf.float32, 10)}),
    "sparse matrix": _parse(PLACES, lambda tf: {"x": tf.SparseFeature(["i", "j"], "v", tf.float32, [4, 3])}),
    "no examples": _parse(np.array([], object), lambda tf: {
        "a": tf.VarLenFeature(tf.int64), "b": tf.FixedLenFeature([2], tf.float32),
        "c": tf.FixedLenSequenceFeature([2], tf.float32, True)}),
    "unknown shape": lambda tf: _parts(tf, [*tf.parse_single_example(
        tf.placeholder_with_default(ONE, None), {"a": tf.VarLenFeature(tf.int64)}).values()]),
    "sequence": _parse_sequence(SEQUENCES[0], _context, _lists),
    "sequence without": _parse_sequence(SEQUENCES[0], None, _missing),
    "context alone": _parse_sequence(SEQUENCES[0], _context),
    "sequences": _parse_sequence(SEQUENCES, _context, _lists),
    "sequences without": _parse_sequence([_sequence(), *SEQUENCES], None, _missing, ["x", "y", "z"]),
}  # fmt: skip


def _fixed(key: str, shape: Any, dtype: str) -> Any:
    return lambda tf: {key: tf.FixedLenFeature(shape, getattr(tf, dtype))}


ERRORS: dict[str, Program] = {
    "missing": _parse(BATCH, _fixed("b", [], "float32")),
    "missing in one": _parse(ONE, _fixed("none", [], "int64")),
    "type": _parse(BATCH, _fixed("a", [2], "float32"), example_names=["x", "y", "z"]),
    "type in one": _parse(ONE, _fixed("b", [], "int64")),
    "size": _parse(BATCH, _fixed("a", [3], "int64")),
    "sparse type": _parse(BATCH, lambda tf: {"a": tf.VarLenFeature(tf.float32)}),
    "sparse type in one": _parse(ONE, lambda tf: {"a": tf.VarLenFeature(tf.string)}),
    "stride": _parse(BATCH, lambda tf: {"a": tf.FixedLenSequenceFeature([3], tf.int64, True)}),
    "garbage": _parse([b"abc"], _fixed("a", [], "int64")),
    "garbage alone": _parse(b"abc", _fixed("a", [], "int64")),
    "int32": _parse(BATCH, _fixed("a", [2], "int32")),
    "unknown size": _parse(BATCH, _fixed("a", [None], "int64")),
    "no type": _parse(BATCH, lambda tf: {"a": tf.VarLenFeature(None)}),
    "no feature": _parse(BATCH, lambda tf: {"a": 3}),
    "nothing": _parse(BATCH, lambda tf: {}),
    "must be allowed to miss": _parse(BATCH, lambda tf: {"a": tf.FixedLenSequenceFeature([], tf.int64)}),
    "sparse without key": _parse(BATCH, lambda tf: {"x": tf.SparseFeature("", "v", tf.float32, 10)}),
    "both": _parse(BATCH, lambda tf: {"i": tf.FixedLenFeature([], tf.int64), "x": tf.SparseFeature("i", "v", tf.float32, 9)}),
    "conflict": _parse(BATCH, lambda tf: {"i": tf.VarLenFeature(tf.string), "x": tf.SparseFeature("i", "v", tf.float32, 9)}),
    "not a scalar": lambda tf: tf.parse_single_example(BATCH, {"a": tf.VarLenFeature(tf.int64)})["a"].values,
    "no list": _parse_sequence(SEQUENCES[0], None, lambda tf: {"m": tf.FixedLenSequenceFeature([2], tf.int64)}),
    "frames": _parse_sequence(SEQUENCES[0], None, lambda tf: {"d": tf.FixedLenSequenceFeature([3], tf.int64)}),
    "empty frame": _parse_sequence(SEQUENCES[0], None, lambda tf: {"s": tf.FixedLenSequenceFeature([], tf.float32)}),
    "frames' type": _parse_sequence(SEQUENCES[0], None, lambda tf: {"d": tf.VarLenFeature(tf.float32)}),
    "default of a list": _parse_sequence(SEQUENCES[0], None, lambda tf: {"d": tf.FixedLenSequenceFeature([2], tf.int64, default_value=3)}),
    "no sequence features": _parse_sequence(SEQUENCES[0]),
}  # fmt: skip

# TensorFlow names another cause; the class is the same.
OTHER_WORDS = {
    "size in one": _parse(ONE, _fixed("a", [3], "int64")),
    "context": _parse_sequence(SEQUENCES[0], _fixed("m", [], "int64")),
    "context's size": _parse_sequence(SEQUENCES[0], _fixed("c", [2], "int64")),
    "context's type": _parse_sequence(SEQUENCES[0], _fixed("c", [], "float32")),
    "no sequence": _parse_sequence(b"abc", _context),
}


@pytest.mark.parametrize("name", SAME)
def test_nodes_and_values(name: str) -> None:
    (nodes, ours), (their_nodes, theirs) = run(tf1x, SAME[name]), run(tf1, SAME[name])
    assert nodes == their_nodes
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    (kind, text), (their_kind, their_text) = (error_of(tf, ERRORS[name]) for tf in (tf1x, tf1))
    assert kind == their_kind
    if kind == "InvalidArgumentError":
        assert text in their_text


@pytest.mark.parametrize("name", OTHER_WORDS)
def test_errors_in_other_words(name: str) -> None:
    found = [error_of(tf, OTHER_WORDS[name])[0] for tf in (tf1x, tf1)]
    assert found == ["InvalidArgumentError"] * 2


def test_static_shapes() -> None:
    def shapes(tf: Any) -> list[Any]:
        with tf.Graph().as_default():
            text = tf.placeholder(tf.string, [None])
            found = tf.parse_example(text, {
                "a": tf.FixedLenFeature([2, 3], tf.int64),
                "b": tf.FixedLenSequenceFeature([2], tf.float32, True),
                "s": tf.VarLenFeature(tf.string),
            })  # fmt: skip
            one = tf.parse_single_example(text[0], {"a": tf.FixedLenFeature([2, 3], tf.int64)})
            tensors = [found["a"], found["b"], found["s"].indices, found["s"].dense_shape, one["a"]]
            return [t.shape.as_list() for t in tensors]

    assert shapes(tf1x) == shapes(tf1)


def test_mutated_messages_give_values_or_errors() -> None:
    dice = random.Random(3)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        text = tf1x.placeholder(tf1x.string, [])
        one = tf1x.parse_single_example(text, {
            "a": tf1x.FixedLenFeature([2], tf1x.int64),
            "s": tf1x.VarLenFeature(tf1x.string),
            "b": tf1x.FixedLenSequenceFeature([], tf1x.float32, True),
        })  # fmt: skip
        two = tf1x.parse_single_sequence_example(text, _context(tf1x), _lists(tf1x))
        for _ in range(150):
            data = bytearray(dice.choice([ONE, SEQUENCES[0]]))
            for _ in range(dice.randint(1, 4)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            with contextlib.suppress(tf1x.errors.InvalidArgumentError):
                session.run(dice.choice([one, two]), {text: bytes(data)})
