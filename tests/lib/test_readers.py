"""Readers, each run under tf1x and under TensorFlow on the same files."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

import tf1x
from tf1x.core.records import RecordWriter

_LETTERS = b"HH" + bytes(range(65, 85)) + b"F"
_FILES = {
    "a.txt": b"h1\nh2\nx,1\r\ny\r2\n\nlast",
    "b.txt": b"only",
    "empty": b"",
    "fixed": _LETTERS,
    "fixed.gz": gzip.compress(_LETTERS, mtime=0),
    "fixed.z": zlib.compress(_LETTERS),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readers")
    for name, data in _FILES.items():
        (path / name).write_bytes(data)
    for name, compression in (("records", ""), ("records.gz", "GZIP")):
        writer = RecordWriter(path / name, compression)
        for i in range(3):
            writer.write(b"record %d" % i)
        writer.close()
    (path / "short").write_bytes((path / "records").read_bytes()[:-3])
    return path


def _gzip(tf: Any) -> Any:
    options = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    return tf.TFRecordReader(options=options)


# name: the reader, the files, how many records to ask for at once (0: one, by `read`)
_READERS: dict[str, tuple[Any, list[str], int]] = {
    "text": (lambda tf: tf.TextLineReader(), ["a.txt", "empty", "b.txt"], 0),
    "header": (lambda tf: tf.TextLineReader(skip_header_lines=2), ["a.txt", "empty", "a.txt"], 0),
    "missing": (lambda tf: tf.TextLineReader(), ["none", "b.txt"], 0),
    "up_to": (lambda tf: tf.TextLineReader(), ["a.txt", "b.txt"], 4),
    "whole": (lambda tf: tf.WholeFileReader(), ["a.txt", "empty", "none", "b.txt"], 0),
    "identity": (lambda tf: tf.IdentityReader(), ["a.txt", "none"], 0),
    "fixed": (lambda tf: tf.FixedLengthRecordReader(5, 2, 1), ["fixed", "empty", "fixed"], 0),
    "overlapping": (
        lambda tf: tf.FixedLengthRecordReader(5, 2, 1, hop_bytes=2), ["fixed"], 3,
    ),
    "apart": (lambda tf: tf.FixedLengthRecordReader(5, 2, 1, 8), ["fixed", "fixed"], 0),
    "rest": (lambda tf: tf.FixedLengthRecordReader(6, 2), ["fixed"], 0),
    "gzip": (lambda tf: tf.FixedLengthRecordReader(5, 2, 1, encoding="GZIP"), ["fixed.gz"], 0),
    "zlib": (lambda tf: tf.FixedLengthRecordReader(6, encoding="ZLIB"), ["fixed.z"], 0),
    "not_zlib": (
        lambda tf: tf.FixedLengthRecordReader(6, encoding="ZLIB"), ["fixed", "fixed.z"], 0,
    ),
    "negative": (lambda tf: tf.FixedLengthRecordReader(-6), ["fixed"], 0),
    "records": (lambda tf: tf.TFRecordReader(), ["records", "empty", "records"], 0),
    "records_up_to": (lambda tf: tf.TFRecordReader(), ["records", "records"], 2),
    "records_gzip": (_gzip, ["records.gz"], 0),
    "truncated": (lambda tf: tf.TFRecordReader(), ["short", "records"], 0),
    "no_records": (lambda tf: tf.TFRecordReader(), ["a.txt"], 0),
}  # fmt: skip


def _read(tf: Any, case: str, folder: Path) -> list[Any]:
    """Nodes, then of ten reads what they gave and the counts, or the class of the error."""
    make, names, count = _READERS[case]
    graph = tf.Graph()
    with graph.as_default():
        queue = tf.FIFOQueue(100, [tf.string], shapes=[[]])
        fill = queue.enqueue_many([[str(folder / name) for name in names]])
        close = queue.close()
        reader = make(tf)
        record = reader.read_up_to(queue, count) if count else reader.read(queue)
        counts = [reader.num_records_produced(), reader.num_work_units_completed()]
        found: list[Any] = [(op.name, op.type) for op in graph.get_operations()]
        with tf.Session() as session:
            session.run(fill)
            session.run(close)
            for _ in range(10):
                try:
                    values = session.run(list(record))
                    found.append(
                        ([v.tolist() if count else v for v in values], session.run(counts))
                    )
                except tf.errors.OpError as error:
                    found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("case", _READERS)
def test_reader(case: str, folder: Path) -> None:
    from tests.oracle import tf1

    assert _read(tf1x, case, folder) == _read(tf1, case, folder)


@pytest.mark.parametrize(
    ("dtypes", "value", "message"),
    [
        (["int32"], [1], "single string component"),
        (["string"], [["a", "b"]], "one-element string tensor"),
        (["string", "string"], ["a", "b"], "single component queue"),
    ],
)
def test_queues_that_hold_no_names(dtypes: list[str], value: list[Any], message: str) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        queue = tf1x.FIFOQueue(3, dtypes)
        session.run(queue.enqueue(value))
        with pytest.raises(tf1x.errors.InvalidArgumentError, match=message):
            session.run(tf1x.IdentityReader().read(queue))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (b"zz", "Could not parse state"),
        (b"\x08\x05", "Inconsistent work started"),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "Unexpected negative value"),
    ],
)
def test_a_state_that_is_none(state: bytes, message: str) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        reader = tf1x.IdentityReader()
        with pytest.raises(tf1x.errors.InvalidArgumentError, match=message):
            session.run(reader.restore_state(state))
        with pytest.raises(tf1x.errors.UnimplementedError, match=re.escape("SerializeState")):
            session.run(tf1x.TextLineReader().serialize_state())


def test_lmdb_is_refused_by_name() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        reader = tf1x.LMDBReader()
        queue = tf1x.FIFOQueue(3, ["string"])
        with pytest.raises(tf1x.errors.UnimplementedError, match=r"LMDBReader.*TFRecord"):
            session.run(reader.read(queue))
