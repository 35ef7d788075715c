"""`tf.train.Checkpoint` and its manager; checkpoints by objects cross to TensorFlow and back."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.eager.both import ours, theirs
from tests.oracle import tf1
from tf1x.core import errors
from tf1x.runtime import eager


def _objects(tf: Any) -> dict[str, Any]:
    """Objects of every kind, all with variables."""
    dense, normalization = tf.layers.Dense(2), tf.layers.BatchNormalization()
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(2)])
    v, adam = tf.Variable([1.0, 2.0], name="vv"), tf.train.AdamOptimizer(0.1)
    found = {"v": v, "layers": [dense, {"bn": normalization}], "optimizer": adam, "cell": cell, "cells": cells}  # fmt: skip
    _use(tf, found)
    return found


def _use(tf: Any, objects: dict[str, Any]) -> None:
    x = tf.ones([2, 3])
    dense = objects["layers"][0]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(dense(x)) + tf.reduce_sum(objects["v"])
    weights = [*dense.variables, objects["v"]]
    objects["optimizer"].apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    objects["layers"][1]["bn"](x)
    for name in ("cell", "cells"):
        objects[name](x, objects[name].zero_state(2, tf.float32))


def _values(objects: dict[str, Any]) -> dict[str, Any]:
    dense, normalization = objects["layers"][0], objects["layers"][1]["bn"]
    adam = objects["optimizer"]
    variables = [
        objects["v"], *dense.variables, *normalization.variables, *objects["cell"].variables,
        *objects["cells"].variables, adam.get_slot(objects["v"], "m"), adam.get_slot(dense.kernel, "v"),
        *adam._get_beta_accumulators(),
    ]  # fmt: skip
    return {str(i): v.numpy() for i, v in enumerate(variables)}


def _written(path: str) -> Any:
    def program(tf: Any) -> Any:
        objects = _objects(tf)
        saved = tf.train.Checkpoint(**objects).save(path)
        assert saved == f"{path}-1"
        return _values(objects)

    return program


def _read(path: str) -> Any:
    def program(tf: Any) -> Any:
        objects = _objects(tf)
        checkpoint = tf.train.Checkpoint(**objects)
        checkpoint.restore(f"{path}-1").assert_consumed()
        assert int(checkpoint.save_counter.numpy()) == 1
        return _values(objects)

    return program


def _keys(path: str) -> Any:
    return tf1.train.load_checkpoint(path).get_variable_to_shape_map()


def test_checkpoints_cross_in_both_directions(tmp_path: Path) -> None:
    mine, other = str(tmp_path / "mine" / "ckpt"), str(tmp_path / "other" / "ckpt")
    for write, read, path in ((ours, theirs, mine), (theirs, ours, other)):
        written, found = write(_written(path)), read(_read(path))
        assert len(written) == 17
        for key, value in written.items():
            np.testing.assert_array_equal(found[key], value)
    assert _keys(f"{mine}-1") == _keys(f"{other}-1")
    states = [(tmp_path / name / "checkpoint").read_text() for name in ("mine", "other")]
    assert states[0] == states[1]


def test_variables_that_are_made_later(tmp_path: Path) -> None:
    path = str(tmp_path / "ckpt")
    with eager.graph().as_default():
        written = _written(path)(tf1x)
        objects: dict[str, Any] = {
            "v": tf1x.Variable([0.0, 0.0]), "layers": [tf1x.layers.Dense(2), {"bn": tf1x.layers.BatchNormalization()}],
            "optimizer": tf1x.train.AdamOptimizer(0.1), "cell": tf1x.nn.rnn_cell.BasicLSTMCell(2),
            "cells": tf1x.nn.rnn_cell.MultiRNNCell([tf1x.nn.rnn_cell.GRUCell(2)]),
        }  # fmt: skip
        checkpoint = tf1x.train.Checkpoint(**objects)
        status = checkpoint.restore(f"{path}-1")
        np.testing.assert_array_equal(objects["v"].numpy(), written["0"])
        with pytest.raises(AssertionError, match="Unresolved object"):
            status.assert_consumed()
        kernel = objects["layers"][0](tf1x.ones([1, 3])) - 0.0
        del kernel
        np.testing.assert_array_equal(objects["layers"][0].kernel.numpy(), written["1"])
        _use(tf1x, objects)
        status.assert_consumed().assert_existing_objects_matched()
        extra = tf1x.train.Checkpoint(v=objects["v"], other=tf1x.Variable(1.0))
        partial = extra.restore(f"{path}-1").expect_partial()
        partial.assert_nontrivial_match()
        with pytest.raises(AssertionError, match="not assigned a value"):
            partial.assert_existing_objects_matched()


def test_in_a_graph(tmp_path: Path) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        v, w = tf1x.Variable([1.0, 2.0]), tf1x.Variable(7.0, use_resource=True)
        checkpoint = tf1x.train.Checkpoint(v=v, parts={"w": w})
        session.run(tf1x.global_variables_initializer())
        path = checkpoint.save(tmp_path / "ckpt")
        session.run([v.assign([0.0, 0.0]), w.assign(0.0)])
        checkpoint.restore(path).assert_consumed().run_restore_ops()
        assert [x.tolist() for x in session.run([v, w])] == [[1.0, 2.0], 7.0]
        assert checkpoint.save(tmp_path / "ckpt") == f"{tmp_path}/ckpt-2"
        fresh = tf1x.train.Checkpoint(v=v, parts={"w": w, "new": tf1x.Variable(5.0)})
        fresh.restore(tf1x.train.latest_checkpoint(tmp_path)).initialize_or_restore()
        assert session.run(fresh.parts["new"]) == 5.0
        tf1x.train.Checkpoint(v=v).restore(None).initialize_or_restore(session)
        by_name = tf1x.train.Saver([v]).save(session, str(tmp_path / "named"))
        session.run(v.assign([3.0, 3.0]))
        tf1x.train.Checkpoint(anything=v).restore(by_name).initialize_or_restore()
        assert session.run(v).tolist() == [1.0, 2.0]


def test_manager(tmp_path: Path) -> None:
    def program(tf: Any) -> Any:
        folder = str(tmp_path / tf.__name__)
        v = tf.Variable(1.0)
        checkpoint = tf.train.Checkpoint(v=v)
        manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        assert manager.latest_checkpoint is None
        paths = [manager.save() for _ in range(3)] + [manager.save(checkpoint_number=30)]
        again = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        kept = [
            manager.checkpoints,
            again.checkpoints,
            again.latest_checkpoint,
            tf.train.latest_checkpoint(folder),
        ]
        return {
            "paths": [os.path.relpath(p, folder) for p in paths],
            "kept": [os.path.relpath(p, folder) for x in kept for p in ([x] if isinstance(x, str) else x)],
            "files": sorted(os.listdir(folder)),
        }  # fmt: skip

    assert ours(program) == theirs(program)


def test_what_cannot_be_saved() -> None:
    with pytest.raises(ValueError, match="was expecting a trackable object"):
        tf1x.train.Checkpoint(x=1.0)
    with pytest.raises(ValueError, match="positive integer"):
        tf1x.train.CheckpointManager(tf1x.train.Checkpoint(), "x", max_to_keep=0)


def test_damaged_checkpoints(tmp_path: Path) -> None:
    """Whatever is changed in the index: TensorFlow's errors, or the right values."""
    with eager.graph().as_default():
        v = tf1x.Variable([1.0, 2.0])
        checkpoint = tf1x.train.Checkpoint(v=v, l=[tf1x.Variable(3.0)])
        path = checkpoint.save(str(tmp_path / "ckpt"))
        data = Path(f"{path}.data-00000-of-00001")
        whole, rng = data.read_bytes(), random.Random(0)
        for _ in range(200):
            broken = bytearray(whole)
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            data.write_bytes(
                bytes(broken[: rng.randrange(len(broken))] if rng.random() < 0.2 else broken)
            )
            with pytest.raises((errors.DataLossError, errors.OutOfRangeError)):
                checkpoint.restore(path).assert_consumed()
        with pytest.raises(errors.NotFoundError):
            checkpoint.restore(str(tmp_path / "none"))


def test_a_graph_that_lies(tmp_path: Path) -> None:
    """A stored object graph whose references lead nowhere."""
    from tf1x.core import messages
    from tf1x.core.checkpoints.bundle_writer import BundleWriter

    graph = messages.TrackableObjectGraph()
    graph.nodes.add().children.add(node_id=7, local_name="v")
    for proto in (graph.SerializeToString(), b"\xff\xff\xff", b""):
        with BundleWriter(str(tmp_path / "lies")) as writer:
            writer.add("_CHECKPOINTABLE_OBJECT_GRAPH", np.array(proto, object))
        with eager.graph().as_default(), pytest.raises(errors.DataLossError):
            tf1x.train.Checkpoint(v=tf1x.Variable(1.0)).restore(str(tmp_path / "lies"))
