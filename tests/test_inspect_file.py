"""`tf1x inspect`: each kind of file is recognised and told of."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event

import tf1x
from tf1x.core import messages
from tf1x.core.records import RecordWriter
from tf1x.inspect_file import describe, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of each kind."""
    path = tmp_path_factory.mktemp("files")
    with tf1x.Graph().as_default() as graph, tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, [None, 3], name="x")
        w = tf1x.get_variable("w", initializer=np.eye(3, dtype=np.float32))
        y = tf1x.matmul(x, w, name="y")
        session.run(tf1x.global_variables_initializer())
        tf1x.train.Saver().save(session, str(path / "model"))
        tf1x.train.write_graph(graph, str(path), "graph.pb", as_text=False)
        tf1x.train.write_graph(graph, str(path), "graph.pbtxt")
        tf1x.saved_model.simple_save(session, str(path / "export"), {"x": x}, {"y": y})
    example = messages.Example()  # type: ignore[attr-defined]
    example.features.feature["label"].int64_list.value.append(7)
    for name, compression in (("rows.tfrecord", ""), ("rows.gz", "GZIP"), ("rows.z", "ZLIB")):
        with RecordWriter(str(path / name), compression) as writer:
            writer.write(example.SerializeToString())
            writer.write(b"other")
    event = Event(step=5)
    event.summary.value.add(tag="loss", simple_value=0.5)
    with RecordWriter(str(path / "events.out.tfevents.1.host")) as writer:
        writer.write(Event(file_version="brain.Event:2").SerializeToString())
        writer.write(event.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("model", ["a checkpoint of 1 tensor, 9 values", "w  float32  [3, 3]"]),
        ("model.index", ["a checkpoint of 1 tensor"]),
        ("model.data-00000-of-00001", ["a checkpoint of 1 tensor"]),
        ("checkpoint", ["the latest checkpoint is"]),
        ("model.meta", ["a MetaGraph", "TensorFlow 1.15", "trainable_variables  bytes_list", "x  float32  [?, 3]"]),
        ("graph.pb", ["a GraphDef", "y  MatMul"]),
        ("graph.pbtxt", ["a GraphDef", "y  MatMul"]),
        ("export", ["a SavedModel of 1 graph", "signature 'serving_default'", "gives  y", "a checkpoint of 1 tensor"]),
        ("export/saved_model.pb", ["a SavedModel of 1 graph"]),
        ("rows.tfrecord", ["2 records", "label  int64_list  1 value  7"]),
        ("rows.gz", ["2 records", "GZIP"]),
        ("rows.z", ["2 records", "ZLIB"]),
        ("events.out.tfevents.1.host", ["2 events, steps 5 to 5", "loss  simple_value  1 value  last at 5  0.5"]),
        ("", ["1 checkpoint and 1 event file", "model"]),
    ],
)  # fmt: skip
def test_describe(folder: Path, name: str, wanted: list[str]) -> None:
    text = re.sub("  +", "  ", "\n".join(describe(str(folder / name))))
    for part in wanted:
        assert part in text


def test_one_tensor_or_node(folder: Path) -> None:
    assert "[0. 1. 0.]" in "\n".join(describe(str(folder / "model"), "w"))
    assert 'op: "MatMul"' in "\n".join(describe(str(folder / "graph.pb"), "y"))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("none", None, "there is no such file"),
        ("noise", b"\x93\xa4 noise" * 40, "neither a checkpoint"),
        ("cut.tfrecord", b"\x05\0\0\0\0\0\0\0", "neither a checkpoint"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, message: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert run(str(tmp_path / name)) == 1
    assert message in capsys.readouterr().err
