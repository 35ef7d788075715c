"""Functions of strings, against TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops import both

_WORDS = [b"one two", b"", b"three,four five"]
_TABLE = [[b"a", b"b"], [b"c", b"d"]]


def _parts(sparse: Any) -> list[Any]:
    return [sparse.indices, sparse.values, sparse.dense_shape]


_PROGRAMS: dict[str, Any] = {
    "split": lambda t: _parts(t.string_split(_WORDS)),
    "split at": lambda t: _parts(t.string_split(_WORDS, ",", skip_empty=False)),
    "split delimiter": lambda t: _parts(t.string_split(_WORDS, delimiter=" ,", name="parts")),
    "split v2": lambda t: _parts(t.strings.split(_WORDS)),
    "split scalar": lambda t: _parts(t.strings.split("a,b", sep=",", maxsplit=1)),
    "join": lambda t: t.string_join(["x", _WORDS, "y"], separator="-", name="joined"),
    "reduce_join": lambda t: t.reduce_join(_TABLE, 0),
    "reduce_join all": lambda t: t.reduce_join(_TABLE, separator=" "),
    "reduce_join kept": lambda t: t.reduce_join(_TABLE, axis=1, keep_dims=True, name="rows"),
    "reduce_join old": lambda t: t.reduce_join(_TABLE, reduction_indices=[1, 0]),
    "regex_replace": lambda t: t.regex_replace(_WORDS, "[aeiou]", "*"),
    "regex_replace tensors": lambda t: t.regex_replace(_WORDS, t.constant("t(.)"), r"\1", False),
    "full_match": lambda t: t.strings.regex_full_match(_WORDS, "[a-z ]+"),
    "length": lambda t: t.strings.length(_WORDS),
    "substr": lambda t: t.substr(_WORDS[2], 2, 3),
    "strings.substr": lambda t: t.strings.substr(_WORDS[2], -3, 3, name="end"),
    "to_number": lambda t: t.string_to_number(["1.5", "2"]),
    "to_number int": lambda t: t.strings.to_number(["1", "2"], t.int64),
    "as_string": lambda t: t.as_string([1, 2]),
    "as_string floats": lambda t: t.as_string([1.25, 2.0], precision=1, width=6),
    "hash": lambda t: t.string_to_hash_bucket(_WORDS, 100),
    "hash fast": lambda t: t.string_to_hash_bucket_fast(_WORDS, 100),
    "hash strong": lambda t: t.string_to_hash_bucket_strong(_WORDS, 100, key=[1, 2]),
    "base64": lambda t: t.decode_base64(t.encode_base64(_WORDS, pad=True)),
    "lower": lambda t: t.strings.lower(t.strings.upper(_WORDS)),
    "strip": lambda t: t.strings.strip([" a ", "b "]),
    "segments": lambda t: t.strings.unsorted_segment_join(_WORDS, [1, 0, 1], 2, separator="/"),
    "equal": lambda t: [t.equal(_WORDS, b""), t.not_equal(_WORDS, _WORDS[0])],
    "add": lambda t: t.constant("a") + t.constant(_WORDS),
    "concat": lambda t: t.concat([_WORDS, ["x"]], 0),
    "gather": lambda t: t.gather(_WORDS, [2, 0]),
    "stack": lambda t: t.stack([_WORDS, _WORDS], axis=1),
    "slice": lambda t: t.constant(_TABLE)[:, 1],
    "reshape": lambda t: t.reshape(t.transpose(_TABLE), [4]),
    "where": lambda t: t.where([True, False], ["a", "b"], ["c", "d"]),
    "pad": lambda t: t.pad(t.constant(_WORDS), [[1, 0]]),
    "unique": lambda t: list(t.unique(["a", "b", "a"])),
    "tile": lambda t: t.tile(["a", "b"], [2]),
    "mask": lambda t: t.boolean_mask(_WORDS, [True, False, True]),
    "to dense": lambda t: t.sparse_tensor_to_dense(t.string_split(_WORDS), default_value="?"),
}


@pytest.mark.parametrize("name", _PROGRAMS)
def test_the_same_as_tensorflow(name: str) -> None:
    both.assert_same(_PROGRAMS[name])


@pytest.mark.parametrize(
    "program",
    [
        lambda t: t.string_to_number(["1", "x"]),
        lambda t: t.string_to_number([""]),
        lambda t: t.string_to_number(["3.5"], t.int32),
        lambda t: t.string_to_number(["99999999999"], t.int32),
        lambda t: t.decode_base64(["a b"]),
        lambda t: t.substr("abc", 4, 1),
        lambda t: t.regex_replace("a", "(", "b"),
        lambda t: t.regex_replace("a", "(?=a)", "b"),
        lambda t: t.regex_replace("a", r"(a)\1", "b"),
        lambda t: t.regex_replace("a", "a++", "b"),
        lambda t: t.string_join([["a"], ["b", "c"]]),
        lambda t: t.reduce_join(_TABLE, [0, 0]),
        lambda t: t.as_string([1], precision=2),
        lambda t: t.as_string([1.0], shortest=True, scientific=True),
        lambda t: t.string_to_hash_bucket_fast(["a"], 0),
    ],
)
def test_errors_are_of_tensorflows_class(program: Any) -> None:
    from tests.oracle import tf1

    assert both.error_of(tf1x, program)[0] == both.error_of(tf1, program)[0]


def test_what_python_cannot_match_is_named() -> None:
    kind, message = both.error_of(tf1x, lambda t: t.regex_replace("a", r"\pL+", "b"))
    assert kind == "UnsupportedError"
    assert r"\pL+" in message


def test_zero_bytes_at_the_end_survive() -> None:
    with tf1x.Session() as session:
        assert session.run(tf1x.constant(b"a\0\0")) == b"a\0\0"
        assert session.run(tf1x.constant([[b"a\0"], [b"\0"]])).tolist() == [[b"a\0"], [b"\0"]]
        assert np.asarray(session.run(tf1x.strings.length([b"\0"]))).tolist() == [1]
