"""`tensorflow.python.debug`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.errors import UnsupportedError
from tf1x.lib import debug


def _program() -> Any:
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.name_scope("scope"):
        root = tf.log(x, name="root")
    count = tf.Variable(0, name="count")
    with tf.control_dependencies([tf.assign_add(count, 1)]):
        return x, tf.reduce_sum(root * 2.0, name="out"), count


def test_filters_report_the_first_offender(capsys: Any) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, out, count = _program()
        session.run(tf.global_variables_initializer())
        watched = debug.LocalCLIDebugWrapperSession(session)
        watched.add_tensor_filter("has_inf_or_nan", debug.has_inf_or_nan)
        assert watched.graph is session.graph
        assert watched.run([out, {"c": count}], {x: [1.0, 1.0]})[0] == 0.0
        assert capsys.readouterr().err == ""
        assert watched.run(out, {x: [1.0, 0.0]}) == -np.inf
        report = capsys.readouterr().err
        assert "run 2 passed the filter has_inf_or_nan" in report
        assert report.index("scope/root:0  float32 [2]  nan: 0, inf: 1") < report.index("out:0")
        assert "scope/root (Log) has the inputs x:0" in report
        assert "test_debug.py" in report
        watched.run(out, {x: [1.0, 0.0]})
        assert capsys.readouterr().err == ""  # reported once
        assert session.run(count) == 3  # each run ran once
        debug.LocalCLIDebugWrapperSession(session).run(count)
        assert "add_tensor_filter" in capsys.readouterr().err


def test_dumps_are_read_again(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, out, _ = _program()
        session.run(tf.global_variables_initializer())
        debug.DumpingDebugWrapperSession(session, str(tmp_path)).run(out, {x: [1.0, -1.0]})
    (run,) = os.listdir(tmp_path)
    found = debug.DebugDumpDir(tmp_path / run)
    nodes = found.nodes()
    assert nodes.index("scope/root") < nodes.index("out")
    np.testing.assert_array_equal(found.get_tensors("scope/root", 0)[0], [0.0, np.nan])
    first = found.find(debug.has_inf_or_nan, first_n=1)[0]
    assert (first.node_name, first.shape) == ("scope/root", (2,))
    assert found.find(debug.has_inf_or_nan, exclude_node_names="scope/")[0].node_name == "mul"
    with pytest.raises(KeyError):
        found.get_tensors("no", 0)
    with pytest.raises(OSError, match="does not exist"):
        debug.DebugDumpDir(tmp_path / "no")
    from tensorflow.python.debug.lib import debug_data

    theirs = debug_data.DebugTensorDatum(str(tmp_path / run), os.path.relpath(first.file_path, tmp_path / run))  # fmt: skip
    assert theirs.watch_key == first.watch_key
    np.testing.assert_array_equal(theirs.get_tensor(), first.get_tensor())


def test_hooks(tmp_path: Path, capsys: Any) -> None:
    with tf.Graph().as_default():
        x, out, _ = _program()
        cli = debug.LocalCLIDebugHook()
        cli.add_tensor_filter("big", lambda datum, value: datum.node_name == "out" and value > 1)
        only = debug.WatchOptions(node_name_regex_whitelist="scope/.*")
        dumping = debug.DumpingDebugHook(str(tmp_path), watch_fn=lambda fetches, fed: only)
        with tf.train.MonitoredSession(hooks=[cli, dumping]) as session:
            assert session.run(out, {x: [1.0, np.e**2]}) == pytest.approx(4.0)
    assert "filter big" in capsys.readouterr().err
    (run,) = os.listdir(tmp_path)
    assert debug.DebugDumpDir(tmp_path / run).nodes() == ["scope/root"]
    with pytest.raises(UnsupportedError, match="DumpingDebugWrapperSession"):
        debug.TensorBoardDebugHook("localhost:6064")
