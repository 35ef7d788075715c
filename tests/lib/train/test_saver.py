"""`tf.train.Saver` and what reads its files, against TensorFlow: nodes, files, values, errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1
from tf1x.lib.train import checkpoint_utils, saver_builder
from tf1x.ops.saving import RestoreV2, SaveV2

Build = Callable[[Any], Any]

# What TensorFlow says of its own old functions.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")

# -- the graph -------------------------------------------------------------------------------------


def _variables(tf: Any) -> None:
    tf.Variable([1.0, 2.0], name="v")
    tf.get_variable("w", [2], use_resource=True)
    for name, resource in (("p", False), ("q", True)):
        tf.get_variable(
            name, [4, 2], partitioner=tf.fixed_size_partitioner(2), use_resource=resource
        )


def _on_devices(tf: Any) -> None:
    with tf.device("/job:ps/task:0/cpu:0"):
        tf.Variable([1.0, 2.0], name="v")
    with tf.device("/job:ps/task:1"):
        tf.Variable([1.0, 2.0], name="w")
    tf.Variable([1.0, 2.0], name="u")


def _saver(build: Build, **options: Any) -> Build:
    def program(tf: Any) -> Any:
        build(tf)
        return tf.train.Saver(**options).as_saver_def()

    return program


def _of_dict(tf: Any) -> Any:
    _variables(tf)
    found = {v.op.name: v for v in tf.global_variables()}
    parts = [found["p/part_0"], found["p/part_1"]]
    return tf.train.Saver({"renamed": found["v"], "parts": parts}).as_saver_def()


def _two(tf: Any) -> Any:
    _variables(tf)
    tf.train.Saver(tf.trainable_variables()[:1])
    return tf.train.Saver(max_to_keep=None, filename="xx").as_saver_def()


GRAPHS: dict[str, Build] = {
    "all variables": _saver(_variables),
    "reshape": _saver(_variables, reshape=True),
    "V1": _saver(_variables, write_version=1),
    "sharded": _saver(_variables, sharded=True),
    "V1 sharded": _saver(_variables, sharded=True, write_version=1),
    "named": _saver(_variables, name="other", restore_sequentially=True, max_to_keep=0),
    "devices": _saver(_on_devices),
    "devices, sharded": _saver(_on_devices, sharded=True),
    "dict": _of_dict,
    "two savers": _two,
}


def _nodes(tf: Any, program: Build) -> Any:
    graph = tf.Graph()
    with graph.as_default():
        definition = program(tf)
    return str(definition), [
        (op.name, op.type, [t.name for t in op.inputs], sorted(c.name for c in op.control_inputs), op.device)
        for op in graph.get_operations()
    ]  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graph_is_that_of_tensorflow(name: str) -> None:
    assert _nodes(tf1x, GRAPHS[name]) == _nodes(tf1, GRAPHS[name])


# -- files and values ------------------------------------------------------------------------------


def _network(tf: Any) -> Any:
    """A convolutional and a recurrent network with Adam, and variables of other types."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    hidden = tf.layers.batch_normalization(tf.layers.conv2d(x, 4, 3, name="conv"), training=True)
    rows = tf.reshape(hidden, [-1, 6, 24])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(5), rows, dtype=tf.float32)
    logits = tf.layers.dense(outputs[:, -1], 3, use_bias=True)
    loss = tf.reduce_mean(tf.square(logits))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
    tf.get_variable("parts", [6, 4], partitioner=tf.fixed_size_partitioner(3))
    tf.get_variable("resource", [3], use_resource=True)
    for dtype in ("float64", "int64", "bool", "complex64", "bfloat16", "float16", "int8", "uint8"):
        tf.Variable(tf.cast(tf.constant([0, 1, 2]), dtype), name=dtype, trainable=False)
    tf.Variable(["some", "text", ""], name="text", trainable=False)
    tf.Variable("one", name="one_text", trainable=False)
    tf.Variable(7, name="scalar", trainable=False)
    tf.Variable(tf.zeros([0, 3]), name="empty", trainable=False)
    return train, loss


def _values(tf: Any, session: Any) -> dict[str, Any]:
    names = [v.name for v in tf.global_variables()]
    return dict(zip(names, session.run(tf.global_variables()), strict=True))


def _train_and_save(tf: Any, folder: Path) -> tuple[str, dict[str, Any]]:
    with tf.Graph().as_default(), tf.Session() as session:
        train, _ = _network(tf)
        folder.mkdir(exist_ok=True)
        saver = tf.train.Saver()
        session.run(tf.global_variables_initializer())
        for _ in range(2):
            session.run(train, {"x:0": np.ones([2, 8, 8, 1])})
        path = saver.save(session, str(folder / "model"), tf.train.get_global_step())
        return path, _values(tf, session)


def _restored(tf: Any, path: str) -> dict[str, Any]:
    with tf.Graph().as_default(), tf.Session() as session:
        _network(tf)
        tf.train.Saver().restore(session, path)
        return _values(tf, session)


def _assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert np.asarray(found[name]).dtype == np.asarray(value).dtype, name
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_checkpoints_cross_both_ways(tmp_path: Path) -> None:
    """Every variable; and what we write of theirs has their bytes."""
    theirs, their_values = _train_and_save(tf1, tmp_path / "theirs")
    _assert_equal(_restored(tf1x, theirs), their_values)
    ours, our_values = _train_and_save(tf1x, tmp_path / "ours")
    _assert_equal(_restored(tf1, ours), our_values)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        _network(tf1x)
        saver = tf1x.train.Saver()
        saver.restore(session, theirs)
        again = saver.save(session, str(tmp_path / "again"))
    for end in (".index", ".data-00000-of-00001"):
        assert Path(again + end).read_bytes() == Path(theirs + end).read_bytes()
    states = [(tmp_path / who / "checkpoint").read_text() for who in ("theirs", "ours")]
    assert states[0].replace("theirs", "ours") == states[1]


def test_a_data_file_for_each_device(tmp_path: Path) -> None:
    found = []
    for tf in (tf1x, tf1):
        folder = tmp_path / tf.__name__
        folder.mkdir()
        with tf.Graph().as_default():
            with tf.device("/cpu:0"):
                tf.get_variable("parts", [4, 2], partitioner=tf.fixed_size_partitioner(2))
            with tf.device("/gpu:0"):
                tf.get_variable("v", [3])
            values = [np.full(v.shape.as_list(), i) for i, v in enumerate(tf.global_variables())]
            saver = tf.train.Saver(sharded=True)
            with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
                for variable, value in zip(tf.global_variables(), values, strict=True):
                    variable.load(value, session)
                path = saver.save(session, str(folder / "m"), write_meta_graph=False)
                session.run(tf.global_variables_initializer())
                saver.restore(session, path)
                for variable, value in zip(tf.global_variables(), values, strict=True):
                    np.testing.assert_array_equal(session.run(variable), value)
        found.append({p.name: p.read_bytes() for p in folder.iterdir() if p.name != "checkpoint"})
    assert sorted(found[0]) == ["m.data-00000-of-00002", "m.data-00001-of-00002", "m.index"]
    assert found[0] == found[1]


def test_v1_checkpoints_cross_both_ways(tmp_path: Path) -> None:
    def save(tf: Any, folder: Path) -> tuple[str, dict[str, Any]]:
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            session.run(tf.global_variables_initializer())
            saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
            folder.mkdir()
            path = saver.save(session, str(folder / "model"), write_meta_graph=False)
            return path, _values(tf, session)

    def restore(tf: Any, path: str) -> dict[str, Any]:
        with tf.Graph().as_default(), tf.Session() as session:
            _variables(tf)
            tf.train.Saver().restore(session, path)
            return _values(tf, session)

    for writer, reader in ((tf1, tf1x), (tf1x, tf1)):
        path, values = save(writer, tmp_path / writer.__name__)
        _assert_equal(restore(reader, path), values)
        assert [p.name for p in sorted((tmp_path / writer.__name__).iterdir())] == [
            "checkpoint",
            "model",
        ]


def test_tensorflow_runs_our_saver_def(tmp_path: Path) -> None:
    """Our graph with our saver's ops, in TensorFlow; and the reverse."""
    for maker, runner in ((tf1x, tf1), (tf1, tf1x)):
        with maker.Graph().as_default() as graph:
            maker.Variable([1.0, 2.0], name="v")
            maker.get_variable("w", [3, 2], partitioner=maker.fixed_size_partitioner(3))
            init = maker.global_variables_initializer().name
            definition = maker.train.Saver(sharded=False).as_saver_def()
        data, text = graph.as_graph_def().SerializeToString(), definition.SerializeToString()
        with runner.Graph().as_default(), runner.Session() as session:
            runner.import_graph_def(runner.GraphDef.FromString(data), name="")
            saver = runner.train.Saver(saver_def=runner.train.SaverDef.FromString(text))
            session.run(init)
            prefix = str(tmp_path / maker.__name__)
            path = saver.save(session, prefix, write_meta_graph=False, write_state=False)
        shapes = {"v": [2], "w": [3, 2]}
        assert tf1.train.NewCheckpointReader(path).get_variable_to_shape_map() == shapes
        assert tf1x.train.NewCheckpointReader(path).get_variable_to_shape_map() == shapes


def test_large_variables_are_saved_and_restored_without_compiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        for resource in (False, True):
            shape = [2100, 2000]
            tf1x.get_variable(f"v{resource}", shape, use_resource=resource, initializer=tf1x.ones_initializer())  # fmt: skip
        session.run(tf1x.global_variables_initializer())
        saver = tf1x.train.Saver()
        from tf1x.runtime import execute

        monkeypatch.setattr(execute, "Compiled", None)
        path = saver.save(session, str(tmp_path / "m"))
        saver.restore(session, path)
        assert session.run("vTrue/Read/ReadVariableOp:0").sum() == 2100 * 2000
    assert {p.name for p in tmp_path.iterdir()} == {
        "checkpoint", "m.data-00000-of-00001", "m.index", "m.meta",
    }  # fmt: skip


# -- which checkpoints are kept --------------------------------------------------------------------


def _small(tf: Any, folder: Path, **options: Any) -> tuple[Any, Any]:
    """A session with one variable, and its saver."""
    tf.reset_default_graph()
    tf.get_variable("v", [2], initializer=tf.zeros_initializer())
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session, tf.train.Saver(**options)


def _kept(tf: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    found: list[Any] = []
    session, saver = _small(tf, folder, max_to_keep=2, keep_checkpoint_every_n_hours=1)
    clock = time.time()
    for i, step in enumerate((1, 2, 3, 3, 4, 5)):
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda i=i: clock + i * 1500)
            path = saver.save(session, str(folder / "m"), step, write_meta_graph=i == 2)
        names = sorted(p.name for p in folder.iterdir())
        state = tf.train.get_checkpoint_state(str(folder))
        found.append((Path(path).name, names, [Path(p).name for p in saver.last_checkpoints]))
        found.append([Path(p).name for p in state.all_model_checkpoint_paths])
        assert tf.train.latest_checkpoint(str(folder)) == path == state.model_checkpoint_path
    other = tf.train.Saver(max_to_keep=2)
    other.recover_last_checkpoints([*saver.last_checkpoints, str(folder / "gone")])
    other.save(session, str(folder / "m"), 9, write_meta_graph=False)
    found.append(sorted(p.name for p in folder.iterdir()))
    other.set_last_checkpoints([str(folder / "x")])
    found.append([Path(p).name for p in other.last_checkpoints])
    return found


def test_old_checkpoints_are_deleted_as_tensorflow_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for tf in (tf1x, tf1):
        folder = tmp_path / tf.__name__
        folder.mkdir()
        found.append(_kept(tf, folder, monkeypatch))
    assert found[0] == found[1]


def _named(tf: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Names of files and the state's text, for several ways to say where."""
    monkeypatch.chdir(folder)
    session, saver = _small(tf, folder, pad_step_number=True, save_relative_paths=True)
    (folder / "deep").mkdir()
    found = [saver.save(session, "m", 12, write_meta_graph=False)]
    found.append(
        saver.save(session, "deep/m", np.int64(3), latest_filename="state", write_meta_graph=False)
    )
    absolute = saver.save(session, str(folder / "deep" / "n"), meta_graph_suffix="graph")
    found.append(Path(absolute).relative_to(folder))
    found += [sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))]
    found += [(folder / p).read_text() for p in ("checkpoint", "deep/state", "deep/checkpoint")]
    found += [tf.train.latest_checkpoint("."), tf.train.latest_checkpoint("deep", "state")]
    found += [tf.train.checkpoint_exists("deep/n"), tf.train.checkpoint_exists("deep/o")]
    found += [len(tf.train.get_checkpoint_mtimes(["deep/n", "deep/o"]))]
    found += [tf.train.get_checkpoint_state("nowhere")]
    tf.train.remove_checkpoint("deep/n", meta_graph_suffix="graph")
    found += [sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))]
    tf.train.update_checkpoint_state("deep", "deep/q", ["deep/p"], "third")
    found += [(folder / "deep/third").read_text()]
    found += [
        str(
            tf.train.generate_checkpoint_state_proto(
                "/a", "/b/c", ["/b/d", "/b/c"], [1.5, 2.5], 3.0
            )
        )
    ]
    (folder / "broken").write_text("model_checkpoint_path: 3")
    found += [tf.train.get_checkpoint_state(".", "broken")]
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_names_and_state_files_are_those_of_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for tf in (tf1x, tf1):
        folder = tmp_path / tf.__name__.partition(".")[0]
        folder.mkdir()
        found.append(_named(tf, folder, monkeypatch))
    assert found[0] == found[1]


# -- errors ----------------------------------------------------------------------------------------


def _error(tf: Any, action: Callable[[Any, Any, str], Any], folder: Path) -> tuple[str, str]:
    tf.reset_default_graph()
    v = tf.get_variable("v", [2, 3])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver([v]).save(session, str(folder / "m"), write_meta_graph=False)
    tf.reset_default_graph()
    with tf.Session() as session:
        try:
            action(tf, session, path)
        except Exception as error:
            text = str(getattr(error, "message", error))
            text = text.replace("Graph execution error:\n\n", "")
            parts = text.split("Detected at node")
            if len(parts) > 1:  # TensorFlow's own traceback stands in between
                text = parts[0] + parts[1].partition("\nNode: ")[2].partition("\n")[2]
            return type(error).__name__, text.partition("\n\t [[")[0].partition("\nThe checkpoint")[
                0
            ]
    raise AssertionError("the program raised nothing")


def _restore_shape(shape: list[int], dtype: str = "float32", **options: Any) -> Any:
    def action(tf: Any, session: Any, path: str) -> None:
        tf.get_variable("v", shape, dtype)
        tf.train.Saver(**options).restore(session, path)

    return action


def _restore_other(tf: Any, session: Any, path: str) -> None:
    tf.get_variable("other", [2])
    tf.train.Saver().restore(session, path)


def _with_variable(action: Callable[[Any, Any, Any], Any]) -> Any:
    return lambda tf, session, path: action(tf, session, tf.get_variable("v", [2, 3]))


ERRORS: dict[str, Callable[[Any, Any, str], Any]] = {
    "a variable is missing": _restore_other,
    "another shape": _restore_shape([3, 2]),
    "another type": _restore_shape([2, 3], "float64"),
    "another size": _restore_shape([3, 3], reshape=True),
    "no such checkpoint": _with_variable(lambda tf, s, v: tf.train.Saver().restore(s, "nowhere")),
    "no path": _with_variable(lambda tf, s, v: tf.train.Saver().restore(s, None)),
    "no variables": lambda tf, s, path: tf.train.Saver(),
    "an empty list": _with_variable(lambda tf, s, v: tf.train.Saver([])),
    "no value": _with_variable(lambda tf, s, v: tf.train.Saver().save(s, "/tmp/m")),
    "no variable": lambda tf, s, path: tf.train.Saver([tf.constant(1.0)]),
    "no variable in a dict": lambda tf, s, path: tf.train.Saver({"c": tf.constant(1.0)}),
    "two names": _with_variable(lambda tf, s, v: tf.train.Saver({"a": v, "b": v})),
    "twice": _with_variable(lambda tf, s, v: tf.train.Saver([v, v])),
    "no list": lambda tf, s, path: tf.train.Saver(3),
    "no name": _with_variable(lambda tf, s, v: tf.train.Saver({3: v})),
    "no session": _with_variable(lambda tf, s, v: tf.train.Saver().save(3, "m")),
    "not built": lambda tf, s, path: tf.train.Saver(defer_build=True).save(s, "m"),
    "deferred": _with_variable(lambda tf, s, v: tf.train.Saver([v], defer_build=True)),
    "the state's name": _with_variable(lambda tf, s, v: tf.train.Saver().save(s, "a/checkpoint")),
    "a path for the state": _with_variable(lambda tf, s, v: tf.train.Saver().save(s, "m", latest_filename="a/b")),
    "no reader": lambda tf, s, path: tf.train.NewCheckpointReader("nowhere"),
    "no tensor": lambda tf, s, path: tf.train.load_variable(path, "w"),
    "parts are missing": lambda tf, s, path: tf.train.Saver([tf.get_variable("w", [4], partitioner=tf.fixed_size_partitioner(2))]).restore(s, path),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_those_of_tensorflow(name: str, tmp_path: Path) -> None:
    found = []
    for tf in (tf1x, tf1):
        folder = tmp_path / tf.__name__.partition(".")[0]
        folder.mkdir()
        kind, text = _error(tf, ERRORS[name], folder)
        found.append((kind, text.replace(str(folder), "folder").replace("tf1x", "tf")))
    assert found[0] == found[1]


def test_a_failed_restore_leaves_the_variables(tmp_path: Path) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        a, b = (tf1x.Variable([1.0, 2.0], name=name) for name in "ab")
        session.run(tf1x.global_variables_initializer())
        path = tf1x.train.Saver().save(session, str(tmp_path / "m"))
    data = Path(f"{path}.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-1] + b"\1")
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        a, b = (tf1x.Variable([5.0, 6.0], name=name) for name in "ab")
        session.run(tf1x.global_variables_initializer())
        with pytest.raises(tf1x.errors.DataLossError, match="tensor 'b' at offset 8: Checksum"):
            tf1x.train.Saver().restore(session, path)
        assert [x.tolist() for x in session.run([a, b])] == [[5, 6], [5, 6]]


def test_resource_variables_refuse_another_shape(tmp_path: Path) -> None:
    """TensorFlow assigns it without a word."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.get_variable("v", [2, 3], use_resource=True)
        session.run(tf1x.global_variables_initializer())
        path = tf1x.train.Saver().save(session, str(tmp_path / "m"))
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.get_variable("v", [3, 2], use_resource=True)
        with pytest.raises(tf1x.errors.InvalidArgumentError, match="Restoring from checkpoint failed"):  # fmt: skip
            tf1x.train.Saver().restore(session, path)
        tf1x.train.Saver(reshape=True).restore(session, path)
        assert session.run("v/Read/ReadVariableOp:0").shape == (3, 2)


# -- savers of other kinds -------------------------------------------------------------------------


def test_builders_and_saveable_objects(tmp_path: Path) -> None:
    class Doubled(saver_builder.BaseSaverBuilder.SaveableObject):  # type: ignore[name-defined,misc]
        def __init__(self, variable: Any, name: str) -> None:
            spec = saver_builder.BaseSaverBuilder.SaveSpec(variable * 2, "", name)
            super().__init__(variable, [spec], name)

        def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
            return self.op.assign(restored_tensors[0] / 2)

    class OneByOne(saver_builder.BaseSaverBuilder):
        pass

    with tf1x.Graph().as_default() as graph, tf1x.Session() as session:
        v = tf1x.Variable([1.0, 2.0], name="v")
        w = tf1x.Variable([3.0], name="w", collections=[])
        tf1x.add_to_collection(tf1x.GraphKeys.SAVEABLE_OBJECTS, Doubled(w, "doubled"))
        saver = tf1x.train.Saver(builder=OneByOne(), defer_build=True)
        saver.build()
        assert [op.type for op in graph.get_operations()].count("RestoreV2") == 2
        session.run([v.initializer, w.initializer])
        path = saver.save(session, str(tmp_path / "m"))
        assert tf1x.train.load_variable(path, "doubled").tolist() == [6.0]
        session.run([v.assign([0.0, 0.0]), w.assign([0.0])])
        saver.restore(session, path)
        assert [x.tolist() for x in session.run([v, w])] == [[1, 2], [3]]
        proto = saver.to_proto()
        assert saver.to_proto(export_scope="elsewhere") is None
        assert tf1x.train.Saver.from_proto(proto).as_saver_def() == proto
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.constant(1.0)
        empty = tf1x.train.Saver(allow_empty=True)
        assert empty.save(session, str(tmp_path / "e"), write_meta_graph=False) is None
        assert empty.restore(session, "nowhere") is None


def test_saving_in_a_step_sees_the_values_before_it(tmp_path: Path) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        v = tf1x.Variable(1.0, name="v")
        save = SaveV2(str(tmp_path / "m"), ["v"], [""], [v._ref()])
        session.run(v.initializer)
        session.run([v.assign_add(1.0), save])
        (read,) = RestoreV2(str(tmp_path / "m"), ["v"], [""], dtypes=[tf1x.float32])
        assert session.run([read, v]) == [1.0, 2.0]


# -- reading ---------------------------------------------------------------------------------------


def test_readers_say_what_tensorflows_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = _train_and_save(tf1, tmp_path)
    ours, theirs = (tf.train.NewCheckpointReader(path) for tf in (tf1x, tf1))
    assert ours.get_variable_to_shape_map() == theirs.get_variable_to_shape_map()
    types = [{n: t.name for n, t in r.get_variable_to_dtype_map().items()} for r in (ours, theirs)]
    assert types[0] == types[1]
    assert ours.debug_string() == theirs.debug_string()
    assert [ours.has_tensor(n) for n in ("scalar", "", "none", "parts")] == [
        True,
        False,
        False,
        True,
    ]
    for name in types[0]:
        mine, their = ours.get_tensor(name), theirs.get_tensor(name)
        assert type(mine) is type(their), name
        np.testing.assert_array_equal(mine, their)
    for source in (path, str(tmp_path), tmp_path):
        assert tf1x.train.list_variables(source) == tf1.train.list_variables(source)
        assert tf1x.train.load_variable(source, "scalar:0") == 7
    checkpoint_utils.print_tensors_in_checkpoint_file(path, "scalar", False)
    assert capsys.readouterr().out.splitlines()[:2] == ["tensor: scalar (int32) []", "7"]
    checkpoint_utils.print_tensors_in_checkpoint_file(path, None, False, all_tensor_names=True)
    assert "tensor: conv/kernel (float32) [3, 3, 1, 4]" in capsys.readouterr().out
    assert next(tf1x.train.checkpoints_iterator(tmp_path)) == path
    assert checkpoint_utils.wait_for_new_checkpoint(tmp_path, path, 0.01, timeout=0.02) is None


# -- initial values from checkpoints ---------------------------------------------------------------


def _source(folder: Path) -> str:
    with tf1.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("old"):
            tf1.get_variable("a", [2])
            tf1.get_variable("deep/b", [3])
            tf1.get_variable("parts", [4, 2], partitioner=tf1.fixed_size_partitioner(2))
        tf1.get_variable("top", [2])
        session.run(tf1.global_variables_initializer())
        return tf1.train.Saver().save(session, str(folder / "m"))


def _targets(tf: Any, resource: bool = False) -> dict[str, Any]:
    with tf.variable_scope("new", use_resource=resource):
        a = tf.get_variable("a", [2])
        tf.get_variable("deep/b", [3])
        parts = tf.get_variable("parts", [4, 2], partitioner=tf.fixed_size_partitioner(2))
    return {"a": a, "parts": list(parts)}


def _mapping(name: str) -> Build:
    def program(tf: Any) -> Any:
        found = _targets(tf, resource=name == "resource")
        return {
            "scope": {"old/": "new/"},
            "resource": {"old/": "new/"},
            "names": {"old/a": "new/a", "old/parts": "new/parts"},
            "variables": {"old/a": found["a"], "old/parts": found["parts"]},
            "pairs": [("old/a", found["a"]), ("old/deep/", "new/deep/")],
            "missing": {"old/x": "new/a"},
            "missing in scope": {"/": "new/"},
            "shape": {"old/deep/b": "new/a"},
            "no scope": {"old": "nothing"},
        }[name]

    return program


@pytest.mark.parametrize("name", ["scope", "resource", "names", "variables", "pairs"])
def test_init_from_checkpoint(name: str, tmp_path: Path) -> None:
    path = _source(tmp_path)
    nodes, values = [], []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.set_random_seed(1)
            mapping = _mapping(name)(tf)
            tf.train.init_from_checkpoint(str(tmp_path), mapping)
            nodes.append([(op.name, op.type) for op in graph.get_operations()])
            session.run(tf.global_variables_initializer())
            values.append(_values(tf, session))
    assert nodes[0] == nodes[1]
    loaded = {
        "a": tf1x.train.load_variable(path, "old/a"),
        "parts": tf1x.train.load_variable(path, "old/parts"),
    }
    np.testing.assert_array_equal(values[0]["new/a:0"], loaded["a"])
    if name != "pairs":
        np.testing.assert_array_equal(values[0]["new/parts/part_1:0"], loaded["parts"][2:])


@pytest.mark.parametrize("name", ["missing", "missing in scope", "shape", "no scope"])
def test_init_from_checkpoint_refuses(name: str, tmp_path: Path) -> None:
    _source(tmp_path)
    texts = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default():
            mapping = _mapping(name)(tf)
            with pytest.raises(ValueError, match=r"\w+") as caught:
                tf.train.init_from_checkpoint(str(tmp_path), mapping)
            text = str(caught.value).partition("; close to it")[0]
            texts.append(text.partition("checkpoint {")[0])  # TensorFlow's order is not fixed
    assert texts[0] == texts[1]


def test_warm_start(tmp_path: Path) -> None:
    path = _source(tmp_path)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        with tf1x.variable_scope("old"):
            a = tf1x.get_variable("a", [2])
        other = tf1x.get_variable("other", [2])
        tf1x.train.warm_start(str(tmp_path), var_name_to_prev_var_name={"other": "top"})
        session.run(tf1x.global_variables_initializer())
        for variable, name in ((a, "old/a"), (other, "top")):
            np.testing.assert_array_equal(
                session.run(variable), tf1x.train.load_variable(path, name)
            )
        with pytest.raises(ValueError, match="not used: \\['nobody'\\]"):
            tf1x.train.warm_start(path, var_name_to_prev_var_name={"nobody": "x", "other": "top"})


def test_contrib_assigns_from_checkpoints(tmp_path: Path) -> None:
    path = _source(tmp_path)
    framework = tf1x.contrib.framework
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        found = _targets(tf1x)
        mapping = {"old/a": found["a"], "old/parts": found["parts"]}
        session.run(tf1x.global_variables_initializer())
        op, feeds = framework.assign_from_checkpoint(path, mapping)
        session.run(op, feeds)
        expected = framework.load_variable(path, "old/parts")
        np.testing.assert_array_equal(session.run("new/parts/part_1:0"), expected[2:])
        with pytest.raises(ValueError, match=r"Checkpoint is missing variable \[x\]"):
            framework.assign_from_checkpoint(path, {"x": found["a"]})
        framework.assign_from_checkpoint(path, {"x": found["a"]}, ignore_missing_vars=True)
        session.run(tf1x.global_variables_initializer())
        restore = tf1x.contrib.slim.assign_from_checkpoint_fn(
            path, {**mapping, "x": tf1x.get_variable("x", [1])}, ignore_missing_vars=True
        )
        restore(session)
        np.testing.assert_array_equal(
            session.run(found["a"]), framework.load_variable(path, "old/a")
        )
