"""`tf.python_io`: options, writers and iterators as TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tf1x
from tests.oracle import tf1


def _round_trip(tf: Any, path: str, written: Any, read: Any) -> list[bytes]:
    io = tf.python_io
    with io.TFRecordWriter(path, written(io)) as writer:
        writer.write(b"bytes")
        writer.write("text ä")
        writer.flush()
    return list(io.tf_record_iterator(path, read(io)))


def _options(io: Any, *args: Any, **kwargs: Any) -> Any:
    return io.TFRecordOptions(*args, **kwargs)


CASES: dict[str, Callable[[Any, str], Any]] = {
    "plain": lambda tf, path: _round_trip(tf, path, lambda io: None, lambda io: None),
    "gzip": lambda tf, path: _round_trip(
        tf, path, lambda io: _options(io, io.TFRecordCompressionType.GZIP), lambda io: "GZIP"
    ),
    "zlib": lambda tf, path: _round_trip(
        tf, path, lambda io: "ZLIB", lambda io: _options(io, _options(io, "ZLIB"))
    ),
    "tuned": lambda tf, path: _round_trip(
        tf,
        path,
        lambda io: _options(io, "ZLIB", compression_level=9, window_bits=9, mem_level=9),
        lambda io: _options(io, "ZLIB"),
    ),
    "names": lambda tf, path: [
        tf.python_io.TFRecordOptions.get_compression_type_string(c)
        for c in (None, "", "GZIP", "ZLIB", 0, 1, 2, tf.python_io.TFRecordOptions("GZIP"))
    ],
    "no compression": lambda tf, path: tf.python_io.TFRecordOptions("BZIP"),
    "no number": lambda tf, path: tf.python_io.TFRecordOptions(3),
    "no file": lambda tf, path: tf.python_io.tf_record_iterator(path),
    "no folder": lambda tf, path: tf.python_io.TFRecordWriter(path + "/none/file"),
    "closed": lambda tf, path: [
        w.close() or w.close() or w.write(b"") for w in [tf.python_io.TFRecordWriter(path)]
    ],
}


def _result(tf: Any, name: str, path: str) -> Any:
    try:
        return CASES[name](tf, path)
    except Exception as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize("name", CASES)
def test_like_tensorflow(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    theirs = _result(tf1, name, path)
    Path(path).unlink(missing_ok=True)
    assert _result(tf1x, name, path) == theirs


def test_only_bytes_and_text_are_records(tmp_path: Path) -> None:
    with tf1x.io.TFRecordWriter(tmp_path / "file") as writer, pytest.raises(TypeError, match="3"):
        writer.write(3)


def test_examples_cross_to_tensorflow() -> None:
    def example(tf: Any) -> bytes:
        train = tf.train
        features = {
            "a": train.Feature(int64_list=train.Int64List(value=[1, -2])),
            "b": train.Feature(float_list=train.FloatList(value=[0.5])),
            "c": train.Feature(bytes_list=train.BytesList(value=[b"x", b""])),
        }
        made = train.SequenceExample(context=train.Features(feature=features))
        made.feature_lists.feature_list["s"].feature.add().int64_list.value.append(3)
        assert train.Example.FromString(train.Example().SerializeToString()) == train.Example()
        return made.SerializeToString(deterministic=True)

    assert example(tf1x) == example(tf1)
