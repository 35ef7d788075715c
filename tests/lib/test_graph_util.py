"""`tf.graph_util` equals TensorFlow 2.21's; `freeze_graph` and its kin from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1
from tf1x.lib import graph_util
from tf1x.lib.freeze_graph import freeze_graph

X = np.ones((2, 3), np.float32)


def _build(tf: Any) -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.eye(3, dtype=np.float32))
    y = tf.identity(tf.matmul(x, w, name="mm"), name="between")
    with tf.control_dependencies([tf.check_numerics(y, "bad"), tf.no_op(name="first")]):
        z = tf.add(tf.stop_gradient(y), 1.0, name="z")
    tf.square(z, name="unused")
    return z


def _same(ours: Any, theirs: Any) -> None:
    assert [(n.name, n.op, list(n.input)) for n in ours.node] == [
        (n.name, n.op, list(n.input)) for n in theirs.node
    ]


@pytest.mark.filterwarnings("ignore")
def test_equals_tensorflow() -> None:
    with tf1.Graph().as_default() as graph:
        _build(tf1)
        theirs = graph.as_graph_def()
    ours = tf1x.GraphDef.FromString(theirs.SerializeToString())
    util, other = tf1x.graph_util, tf1.graph_util
    _same(util.extract_sub_graph(ours, ["z"]), other.extract_sub_graph(theirs, ["z"]))
    for protected in ([], ["between"]):
        _same(
            util.remove_training_nodes(ours, protected),
            other.remove_training_nodes(theirs, protected),
        )
    for a, b in zip(ours.node, theirs.node, strict=True):
        assert util.must_run_on_cpu(a) == other.must_run_on_cpu(b)
    with pytest.raises(AssertionError, match="none is not in graph"):
        util.extract_sub_graph(ours, ["none"])
    with pytest.raises(TypeError):
        util.extract_sub_graph(ours, "z")


def test_freeze_graph_from_files(tmp_path: Path) -> None:
    with tf1x.Graph().as_default() as graph, tf1x.Session() as session:
        z = _build(tf1x)
        session.run(tf1x.global_variables_initializer())
        session.run(tf1x.global_variables()[0].assign(np.full((3, 3), 2.0)))
        expected = session.run(z, {"x:0": X})
        prefix = tf1x.train.Saver().save(session, str(tmp_path / "model"))
        tf1x.train.write_graph(graph, str(tmp_path), "graph.pb", as_text=False)
        tf1x.train.write_graph(graph, str(tmp_path), "graph.pbtxt")
        with pytest.raises(tf1x.errors.FailedPreconditionError, match="uninitialized value w"):
            empty = tf1x.Session()
            tf1x.graph_util.convert_variables_to_constants(empty, graph.as_graph_def(), ["z"])
    output = str(tmp_path / "frozen.pb")
    sources: list[dict[str, Any]] = [
        {"input_graph": str(tmp_path / "graph.pb"), "input_binary": True},
        {"input_graph": str(tmp_path / "graph.pbtxt"), "input_binary": False},
        {"input_graph": None, "input_binary": True, "input_meta_graph": f"{prefix}.meta"},
    ]
    for source in sources:
        freeze_graph(
            input_saver="", input_checkpoint=prefix, output_node_names="z", restore_op_name="",
            filename_tensor_name="", output_graph=output, clear_devices=True, initializer_nodes="",
            **source,
        )  # fmt: skip
        proto = tf1x.GraphDef.FromString(Path(output).read_bytes())
        with tf1x.Graph().as_default(), tf1x.Session() as session:
            tf1x.import_graph_def(proto, name="")
            assert session.run("z:0", {"x:0": X}).tolist() == expected.tolist()


def test_optimize_for_inference() -> None:
    with tf1x.Graph().as_default() as graph:
        _build(tf1x)
        whole = graph.as_graph_def()
    number = tf1x.float32.as_datatype_enum
    part = graph_util.optimize_for_inference(whole, ["mm"], ["z"], number)
    assert {n.name: n.op for n in part.node}["mm"] == "Placeholder"
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.import_graph_def(part, name="")
        assert session.run("z:0", {"mm:0": X}).tolist() == (X + 1).tolist()
    with pytest.raises(KeyError, match="none"):
        graph_util.strip_unused(whole, ["none"], ["z"], number)
