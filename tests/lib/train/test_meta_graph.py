"""MetaGraphs: of TensorFlow 2.21 they load here and go on training; ours come back and go there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef

import tf1x
from tests.oracle import tf1
from tf1x.lib.train import meta_graph

RNG = np.random.RandomState(0)
FEEDS = {
    "images:0": RNG.rand(4, 8, 8, 1).astype(np.float32),
    "labels:0": np.array([0, 1, 2, 1]),
    "words:0": RNG.randint(0, 20, (3, 5)).astype(np.int32),
    "lengths:0": np.array([5, 2, 4], np.int32),
    "flag:0": True,
}


def perceptron(tf: Any) -> Any:
    images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    hidden = tf.reshape(images, [-1, 64])
    for i, activation in enumerate((tf.nn.relu, tf.nn.elu, tf.nn.softplus, tf.nn.selu)):
        w = tf.get_variable(f"w{i}", [hidden.shape[1], 8])
        b = tf.get_variable(f"b{i}", initializer=tf.zeros([8]))
        hidden = activation(tf.nn.bias_add(tf.matmul(hidden, w), b))
    hidden = tf.nn.dropout(hidden, keep_prob=0.9, seed=3)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=hidden)
    loss = tf.reduce_mean(loss)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 2, 0.9)
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    grads, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    grads, _ = tf.clip_by_global_norm(grads, 1.0)
    optimizer.apply_gradients(zip(grads, variables, strict=True), step, name="train")
    return loss


def convolutions(tf: Any) -> Any:
    images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    hidden = tf.layers.conv2d(images, 4, 3, padding="same", use_bias=False)
    hidden = tf.layers.batch_normalization(hidden, training=True, fused=True)
    hidden = tf.layers.max_pooling2d(tf.nn.relu(hidden), 2, 2)
    hidden = tf.layers.conv2d(hidden, 4, 3, strides=2, activation=tf.nn.leaky_relu)
    logits = tf.layers.dense(tf.layers.flatten(hidden), 3)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(0.01).minimize(loss, name="train")
    return loss


def recurrent(tf: Any) -> Any:
    words = tf.placeholder(tf.int32, [None, None], name="words")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    inputs = tf.nn.embedding_lookup(tf.get_variable("embedding", [20, 4]), words)
    cell = tf.nn.rnn_cell.GRUCell(3)
    outputs, _ = tf.nn.dynamic_rnn(cell, inputs, lengths, dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(tf.reduce_sum(outputs, 1) - 1.0))
    tf.train.AdamOptimizer(0.05).minimize(loss, name="train")
    return loss


def branches(tf: Any) -> Any:
    images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    flag = tf.placeholder(tf.bool, [], name="flag")
    w = tf.get_variable("w", [8, 8], initializer=tf.ones_initializer())
    x = images[:, :, :, 0]
    y = tf.cond(flag, lambda: tf.tensordot(x, w, 1), lambda: x * w[0])
    z = tf.cond(tf.reduce_mean(y) > 4.0, lambda: y * w, lambda: tf.sin(y) * w)
    loss = tf.reduce_mean(tf.square(z))
    tf.train.AdagradOptimizer(0.1).minimize(loss, name="train")
    return loss


PROGRAMS = (perceptron, convolutions, recurrent, branches)


def _feeds(graph: Any) -> dict[str, Any]:
    names = [op.name for op in graph.get_operations() if op.type == "Placeholder"]
    return {f"{name}:0": FEEDS[f"{name.rpartition('/')[2]}:0"] for name in names}


@pytest.fixture
def _v1_control_flow() -> Any:
    tf1.disable_control_flow_v2()
    yield
    tf1.disable_control_flow_v2()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_v1_control_flow")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_training_graph_of_tensorflow_goes_on(program: Callable[[Any], Any], tmp_path: Path) -> None:  # fmt: skip
    path = str(tmp_path / "model.ckpt")
    with tf1.Graph().as_default() as graph, tf1.Session() as session:
        tf1.set_random_seed(5)
        loss = program(tf1)
        session.run(tf1.global_variables_initializer())
        saver = tf1.train.Saver()
        feeds = _feeds(graph)
        session.run("train", feeds)
        saver.save(session, path)
        theirs = [session.run([loss, "train"], feeds)[0] for _ in range(3)]
        expected = session.run(tf1.global_variables())
    if program is perceptron:  # its dropout has been drawn from once
        theirs = theirs[1:]
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        saver = tf1x.train.import_meta_graph(f"{path}.meta")
        saver.restore(session, path)
        if program is perceptron:
            session.run("train", feeds)
            saver.restore(session, path)
            session.run("train", feeds)
        ours = [session.run([loss.name, "train"], feeds)[0] for _ in theirs]
        found = session.run(tf1x.global_variables())
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-5)


def _run_queue(tf: Any) -> list[Any]:
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        losses = []
        try:
            while not coordinator.should_stop():
                losses.append(session.run(["loss:0", "train"])[0])
        except tf.errors.OutOfRangeError:
            losses.append(-1.0)
        coordinator.request_stop()
        coordinator.join(threads)
    return losses


@pytest.mark.filterwarnings("ignore")
def test_queue_pipeline_of_tensorflow_goes_on() -> None:
    with tf1.Graph().as_default():
        rows = tf1.constant(np.arange(24, dtype=np.float32).reshape(8, 3))
        queue = tf1.train.slice_input_producer([rows], num_epochs=2, shuffle=False)
        batch = tf1.train.batch(queue, 4)
        w = tf1.get_variable("w", initializer=np.full((3, 2), 0.01, np.float32))
        loss = tf1.reduce_mean(tf1.matmul(batch, w) ** 2, name="loss")
        tf1.train.GradientDescentOptimizer(0.001).minimize(loss, name="train")
        proto = tf1.train.export_meta_graph().SerializeToString()
        theirs = _run_queue(tf1)
    with tf1x.Graph().as_default():
        meta_graph.import_scoped_meta_graph(MetaGraphDef.FromString(proto))
        np.testing.assert_allclose(_run_queue(tf1x), theirs, rtol=1e-5)
    assert theirs[4:] == [-1.0]


@pytest.mark.parametrize("resource", [False, True], ids=["references", "resources"])
def test_round_trip(resource: bool, tmp_path: Path) -> None:
    path = str(tmp_path / "model.ckpt")
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        with tf1x.variable_scope("net", use_resource=resource):
            loss = branches(tf1x)
        feeds = _feeds(tf1x.get_default_graph())
        session.run(tf1x.global_variables_initializer())
        tf1x.train.Saver().save(session, path)
        expected = [session.run([loss, "net/train"], feeds)[0] for _ in range(3)]
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.train.import_meta_graph(f"{path}.meta").restore(session, path)
        (w,) = tf1x.trainable_variables()
        assert w is next(v for v in tf1x.global_variables() if v.name == "net/w:0")
        assert hasattr(w, "handle") == resource
        assert [session.run([loss.name, "net/train"], feeds)[0] for _ in range(3)] == expected
        tf1x.gradients(w * 2.0, w)


def test_collections_cross_both_ways() -> None:
    def build(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [2], name="x")
        v = tf.get_variable("v", [2], use_resource=True)
        tf.get_variable("parts", [4, 2], partitioner=tf.fixed_size_partitioner(2))
        tf.get_variable("local", [], collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=False)
        tf.train.get_or_create_global_step()
        tf.add_to_collection("tensors", x)
        tf.add_to_collection("ops", v.initializer)
        tf.add_to_collection("numbers", 3)
        tf.add_to_collection("floats", 0.5)
        tf.add_to_collection("texts", "abc")
        return tf.train.export_meta_graph()

    def described(tf: Any) -> Any:
        graph = tf.get_default_graph()
        return {
            key: [getattr(x, "name", x) for x in graph.get_collection(key)]
            for key in graph.get_all_collection_keys()
            if not str(key).startswith("__") and isinstance(key, str)
        }

    with tf1.Graph().as_default():
        theirs, expected = build(tf1).SerializeToString(), described(tf1)
    with tf1x.Graph().as_default():
        ours = build(tf1x).SerializeToString()
        assert described(tf1x) == expected
    expected["texts"] = [b"abc"]
    with tf1x.Graph().as_default():
        meta_graph.import_scoped_meta_graph(MetaGraphDef.FromString(theirs))
        assert described(tf1x) == expected
        parts = [v for v in tf1x.global_variables() if v.name.startswith("parts")]
        assert [p._get_save_slice_info().spec for p in parts] == ["4 2 0,2:0,2", "4 2 2,2:0,2"]
    with tf1.Graph().as_default():
        tf1.train.import_meta_graph(tf1.MetaGraphDef.FromString(ours))
        found = described(tf1)
        found.pop("savers", None)
        assert found == expected


def test_scopes() -> None:
    with tf1x.Graph().as_default():
        with tf1x.name_scope("outside"):
            x = tf1x.constant([1.0, 2.0], name="x")
        with tf1x.variable_scope("inside"):
            v = tf1x.get_variable("v", initializer=[3.0, 4.0])
            y = tf1x.multiply(x, v, name="y")
        tf1x.add_to_collection("ys", y)
        made, variables = meta_graph.export_scoped_meta_graph(export_scope="inside", clear_devices=True)  # fmt: skip
        assert list(variables) == ["v:0"]
    with tf1x.Graph().as_default() as graph, tf1x.Session() as session:
        with pytest.raises(ValueError, match=r"unbound inputs: .*outside/x"):
            meta_graph.import_scoped_meta_graph(made)
        ten = tf1x.constant([10.0, 10.0])
        for scope in ("a", "b"):
            found = meta_graph.import_scoped_meta_graph(
                made, import_scope=scope, input_map={"$unbound_inputs_outside/x": ten}
            )
            assert [v.name for v in found.values()] == [f"{scope}/v:0"]
        assert [t.name for t in graph.get_collection("ys")] == ["a/y:0", "b/y:0"]
        session.run(tf1x.global_variables_initializer())
        assert session.run("b/y:0").tolist() == [30.0, 40.0]


def test_every_missing_op_is_named_at_once() -> None:
    proto = tf1x.GraphDef()
    for i, kind in enumerate(("NoOp", "TPUReplicate", "AudioSpectrogram", "XlaHostCompute")):
        proto.node.add(name=f"n{i}", op=kind)
    function = proto.library.function.add()
    function.signature.name = "f"
    function.node_def.add(name="inner", op="DecodeProtoV9")
    proto.node.add(name="call", op="f")
    message = "AudioSpectrogram, DecodeProtoV9, TPUReplicate, XlaHostCompute"
    with tf1x.Graph().as_default(), pytest.raises(tf1x.errors.UnimplementedError, match=message):
        tf1x.import_graph_def(proto)


def test_names_that_are_taken() -> None:
    with tf1x.Graph().as_default():
        tf1x.constant(1.0, name="c")
        made = tf1x.train.export_meta_graph()
    with tf1x.Graph().as_default():
        meta_graph.import_scoped_meta_graph(made)
        assert tf1x.constant(1.0, name="c").name == "c_1:0"
        with pytest.raises(ValueError, match="'c' already exists"):
            meta_graph.import_scoped_meta_graph(made)


def test_files(tmp_path: Path) -> None:
    with tf1x.Graph().as_default():
        tf1x.constant([1.0, 2.0], name="c")
        for as_text in (False, True):
            path = tmp_path / f"graph{as_text}.meta"
            made = tf1x.train.export_meta_graph(str(path), as_text=as_text)
            assert meta_graph.read_meta_graph_file(path) == made
        stripped = tf1x.train.export_meta_graph(strip_default_attrs=True)
        assert stripped.meta_info_def.stripped_default_attrs
        path = tf1x.train.write_graph(tf1x.get_default_graph(), str(tmp_path / "new"), "g.pbtxt")
        assert Path(path).read_text().startswith("node {")
    with pytest.raises(OSError, match="does not exist"):
        tf1x.train.import_meta_graph(str(tmp_path / "none.meta"))
    (tmp_path / "bad.meta").write_bytes(b"\xff\xfe nonsense")
    with pytest.raises(OSError, match="no MetaGraphDef"):
        tf1x.train.import_meta_graph(str(tmp_path / "bad.meta"))
