"""CSV, JSON, raw bytes, serialized tensors and whole files: as TensorFlow's, errors included."""

from __future__ import annotations

import contextlib
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.oracle import tf1


def _csv(records: Any, *defaults: Any, **options: Any) -> Program:
    """Defaults that are types stand for columns that must be filled."""

    def program(tf: Any) -> Any:
        made = [tf.constant([], getattr(tf, d)) if isinstance(d, str) else d for d in defaults]
        return tf.decode_csv(records, made, **options)

    return program


SAME: dict[str, Program] = {
    "csv": _csv(["1,2.5,x", '-3,,"a,""b"" c"'], [0], [1.5], ["d"]),
    "scalar defaults": _csv("1,2.5,x", 0, 1.5, ["d"]),
    "spaces": _csv(" 1 , 2 , x ", "int32", [7.0], [""]),
    "line ends": _csv('\r\n1,\n"a\r\nb"', "int32", [""]),
    "only a line end": _csv(["1"], "int32"),
    "no quotes": _csv('"a""b",c"', [""], [""], use_quote_delim=False),
    "last is empty": _csv(["1,", '1,""', '"",'], [4], [7]),
    "columns": _csv("1,2,3,4", [0], [0], select_cols=[1, 3]),
    "semicolons": _csv("1;NA", [0], [5], field_delim=";", na_value="NA"),
    "floats": _csv("nan,-Inf,1e400,1e-400,.5,1.,0x1p3,infinity", *[[0.0]] * 8),
    "doubles": _csv("0.1,1e309,-0,3", *["float64"] * 4),
    "limits": _csv("9223372036854775807,-9223372036854775808", "int64", "int64"),
    "raw": lambda tf: tf.decode_raw([b"abcd", b"efgh"], tf.int16),
    "raw by the older name": lambda tf: tf.decode_raw(bytes=b"abcd", out_type=tf.float32, name="q"),
    "raw big-endian": lambda tf: tf.decode_raw(b"\0\1\0\2", tf.int16, False),
    "serialized": lambda tf: [tf.serialize_tensor(tf.constant([[1, 2]])), tf.io.serialize_tensor(["a", "b"])],
    "parsed": lambda tf: tf.parse_tensor(tf.serialize_tensor(tf.constant([[1, 2]])), tf.int32),
    "splat": lambda tf: tf.parse_tensor(b"\x08\x01\x12\x04\x12\x02\x08\x05", tf.float32),
    "compressed": lambda tf: tf.io.decode_compressed([zlib.compress(b"abc"), zlib.compress(b"abc")[:-3]], "ZLIB"),
}  # fmt: skip

ERRORS: dict[str, Program] = {
    **{f"csv {text!r}": _csv(text, "int32", [7]) for text in (
        "1", "1,2,3", "a,2", "1,2\n", '"1,2', '1,"2"x', '1,x"2', "", "\n", "1.5,2", "1,99999999999",
        "0x10,2", "1_0,2", '"1" ,2', ",2", "1,2,",
    )},
    **{f"float {text!r}": _csv(text, [1.0]) for text in ("1e", "1f", "1_0", "1d5", "x")},
    "delimiter": _csv("1,2", [0], [0], field_delim=",,"),
    "default": _csv("1,2", [0, 1], [2]),
    "bool": _csv("1,2", [True], [2]),
    "columns fall": _csv("1,2,3", [0], [0], select_cols=[1, 0]),
    "columns below 0": _csv("1,2,3", [0], [0], select_cols=[-1, 0]),
    "columns and defaults": _csv("1,2,3", [0], [0], select_cols=[0]),
    "columns beyond": _csv("1,2,3", [0], [0], select_cols=[0, 5]),
    "raw size": lambda tf: tf.decode_raw(b"abc", tf.int16),
    "raw sizes": lambda tf: tf.decode_raw([b"ab", b"abcd"], tf.uint8),
    "tensor's type": lambda tf: tf.parse_tensor(tf.serialize_tensor(tf.constant(1)), tf.float32),
    "no tensor": lambda tf: tf.parse_tensor(b"abc", tf.float32),
    "two tensors": lambda tf: tf.parse_tensor([b"abc"], tf.float32),
    "no file": lambda tf: tf.read_file("/none/file"),
    "folder": lambda tf: tf.read_file("/usr"),
}  # fmt: skip
OTHER_WORDS: dict[str, Program] = {
    "json": lambda tf: tf.decode_json_example("{bad"),
    "json field": lambda tf: tf.decode_json_example('{"none": 1}'),
    "no zlib": lambda tf: tf.io.decode_compressed(["plain"], "ZLIB"),
    "compression": lambda tf: tf.io.decode_compressed(["plain"], "X"),
}


@pytest.mark.parametrize("name", SAME)
def test_nodes_and_values(name: str) -> None:
    assert_same(SAME[name], rtol=0)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    (kind, text), (their_kind, their_text) = (error_of(tf, ERRORS[name]) for tf in (tf1x, tf1))
    assert kind == their_kind
    if kind not in ("ValueError", "TypeError"):
        assert text in their_text


@pytest.mark.parametrize("name", OTHER_WORDS)
def test_errors_in_other_words(name: str) -> None:
    ours, theirs = (error_of(tf, OTHER_WORDS[name])[0] for tf in (tf1x, tf1))
    assert ours == theirs


def test_whole_files(tmp_path: Path) -> None:
    pattern, path = f"{tmp_path}/a/*", str(tmp_path / "a" / "b")
    with tf1x.Graph().as_default() as graph, tf1x.Session() as session:
        session.run(tf1x.write_file(path, b"\0data"))
        session.run(tf1x.write_file(path, b"again"))
        assert session.run(tf1x.read_file(path)) == b"again"
        assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]
        files = tf1x.train.match_filenames_once(pattern)
        assert tf1x.local_variables() == [files]
        session.run(tf1x.local_variables_initializer())
        assert session.run(files).tolist() == [path.encode()]
        ours = [(op.name, op.type) for op in graph.get_operations()]
    with tf1.Graph().as_default() as theirs:
        tf1.write_file(path, b"\0data"), tf1.write_file(path, b"again"), tf1.read_file(path)
        tf1.train.match_filenames_once(pattern)
    expected = [(op.name, op.type) for op in theirs.get_operations()]
    assert ours[: len(expected)] == expected


def test_hostile_tensors_are_not_allocated() -> None:
    huge = tf1x.make_tensor_proto(1.0)
    for _ in range(3):
        huge.tensor_shape.dim.add(size=1 << 20)
    data = huge.SerializeToString()
    dice = random.Random(4)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        text = tf1x.placeholder(tf1x.string, [])
        parsed = tf1x.parse_tensor(text, tf1x.float32)
        with pytest.raises(tf1x.errors.InvalidArgumentError, match="its shape is"):
            session.run(parsed, {text: data})
        whole = tf1x.make_tensor_proto(np.arange(6, dtype=np.float32)).SerializeToString()
        for _ in range(150):
            mutated = bytearray(whole)
            mutated[dice.randrange(len(whole))] = dice.randrange(256)
            with contextlib.suppress(tf1x.errors.InvalidArgumentError):
                session.run(parsed, {text: bytes(mutated)})


def test_mutated_lines_give_values_or_errors() -> None:
    dice = random.Random(5)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        text = tf1x.placeholder(tf1x.string, [])
        columns = tf1x.decode_csv(text, [[0], [0.0], [""]])
        for _ in range(150):
            line = bytearray(b'12,3.5e2,"a,""b"')
            for _ in range(dice.randint(1, 3)):
                line[dice.randrange(len(line))] = dice.choice(b'",\n\r0x_\xff\0')
            with contextlib.suppress(tf1x.errors.InvalidArgumentError):
                session.run(columns, {text: bytes(line)})
