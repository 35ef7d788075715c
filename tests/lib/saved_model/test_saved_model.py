"""SavedModels and frozen graphs cross both ways between tf1x and TensorFlow 2.21."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1

X = np.arange(6, dtype=np.float32).reshape(2, 3) / 3
KINDS = {"tf1x": tf1x, "tensorflow": tf1}
pairs = pytest.mark.parametrize(
    ("writer", "reader"), [("tf1x", "tensorflow"), ("tensorflow", "tf1x"), ("tf1x", "tf1x")]
)
both_kinds = pytest.mark.parametrize("resource", [False, True], ids=["references", "resources"])


def _model(tf: Any, resource: bool) -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    positive = tf.random_uniform_initializer(0.1, 1.0)  # sums without cancellation
    w = tf.get_variable("w", [3, 2], initializer=positive, use_resource=resource)
    table = tf.get_variable("table", [5, 2], initializer=positive, use_resource=resource)
    rows = tf.gather(table, [1, 3])
    return x, tf.nn.relu(tf.matmul(x, w) + rows, name="y")


@pytest.mark.filterwarnings("ignore")
@both_kinds
@pairs
def test_simple_save_and_load(writer: str, reader: str, resource: bool, tmp_path: Path) -> None:
    ours, theirs = KINDS[writer], KINDS[reader]
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("some words")
    folder = str(tmp_path / "model")
    with ours.Graph().as_default(), ours.Session() as session:
        x, y = _model(ours, resource)
        name = ours.constant(str(vocabulary))
        ours.add_to_collection(ours.GraphKeys.ASSET_FILEPATHS, name)
        holder = ours.get_variable("holder", dtype=ours.string, shape=[], trainable=False, initializer=ours.constant_initializer("none"))  # fmt: skip
        remember = ours.group(holder.assign(name))
        session.run(ours.global_variables_initializer())
        expected = session.run(y, {x: X})
        ours.saved_model.simple_save(session, folder, {"x": x}, {"y": y}, legacy_init_op=remember)
    vocabulary.unlink()
    assert theirs.saved_model.loader.maybe_saved_model_directory(folder)
    with theirs.Graph().as_default(), theirs.Session() as session:
        meta = theirs.saved_model.loader.load(session, ["serve"], folder, import_scope="in")
        signature = meta.signature_def["serving_default"]
        assert signature.method_name == "tensorflow/serving/predict"
        assert [d.size for d in signature.inputs["x"].tensor_shape.dim] == [-1, 3]
        fetched = session.run(
            "in/" + signature.outputs["y"].name, {"in/" + signature.inputs["x"].name: X}
        )
        np.testing.assert_allclose(fetched, expected, rtol=1e-6)
        (path,) = [v for v in theirs.global_variables() if v.name == "in/holder:0"]
        assert Path(session.run(path).decode()).read_text() == "some words"


@pytest.mark.filterwarnings("ignore")
@both_kinds
@pairs
def test_frozen_graphs(writer: str, reader: str, resource: bool) -> None:
    ours, theirs = KINDS[writer], KINDS[reader]
    with ours.Graph().as_default() as graph, ours.Session() as session:
        x, y = _model(ours, resource)
        session.run(ours.global_variables_initializer())
        expected = session.run(y, {x: X})
        frozen = ours.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["y"]
        )
        frozen = ours.graph_util.remove_training_nodes(frozen, ["y"])
    assert not {n.op for n in frozen.node} & {"VariableV2", "VarHandleOp", "Assign"}
    with theirs.Graph().as_default(), theirs.Session() as session:
        proto = theirs.GraphDef.FromString(frozen.SerializeToString())
        (y,) = theirs.import_graph_def(proto, return_elements=["y:0"], name="")
        np.testing.assert_allclose(session.run(y, {"x:0": X}), expected, rtol=1e-6)


def test_several_graphs_of_one_model(tmp_path: Path) -> None:
    constants = tf1x.saved_model.tag_constants
    builder = tf1x.saved_model.builder.SavedModelBuilder(str(tmp_path / "m"))
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x, y = _model(tf1x, False)
        session.run(tf1x.global_variables_initializer())
        expected = session.run(y, {x: X})
        with pytest.raises(AssertionError, match="has not been saved yet"):
            builder.add_meta_graph(["too", "early"])
        info = tf1x.saved_model.utils.build_tensor_info
        signature = tf1x.saved_model.signature_def_utils.build_signature_def(
            inputs={"x": info(x)}, outputs={"y": info(y)}, method_name="m"
        )
        builder.add_meta_graph_and_variables(session, [constants.TRAINING], {"s": signature})
        with pytest.raises(AssertionError, match="already been saved"):
            builder.add_meta_graph_and_variables(session, [constants.TRAINING])
    with tf1x.Graph().as_default():
        _model(tf1x, False)
        builder.add_meta_graph([constants.SERVING, constants.GPU])
    assert Path(builder.save(as_text=True).decode()).name == "saved_model.pbtxt"
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        with pytest.raises(RuntimeError, match=r"\['serve'\] could not be found.*\['train'\]"):
            tf1x.saved_model.loader.load(session, ["serve"], str(tmp_path / "m"))
        tf1x.saved_model.load(session, {"gpu", "serve"}, str(tmp_path / "m"))
        assert session.run("y:0", {"x:0": X}).tolist() == expected.tolist()
    with pytest.raises(AssertionError, match="already exists, and isn't empty"):
        tf1x.saved_model.Builder(str(tmp_path / "m"))


def test_predictor(tmp_path: Path) -> None:
    folder = str(tmp_path / "m")
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x, y = _model(tf1x, False)
        session.run(tf1x.global_variables_initializer())
        expected = session.run(y, {x: X}).tolist()
        tf1x.saved_model.simple_save(session, folder, {"x": x}, {"out": y})
    predict = tf1x.contrib.predictor.from_saved_model(folder)
    assert predict({"x": X})["out"].tolist() == expected
    with pytest.raises(ValueError, match="unexpected keys"):
        predict({"z": X})
    by_name = tf1x.contrib.predictor.from_saved_model(
        folder, input_names={"a": "x:0"}, output_names={"b": "y:0"}
    )
    assert by_name({"a": X})["b"].tolist() == expected
    with pytest.raises(ValueError, match="Available signatures"):
        tf1x.contrib.predictor.from_saved_model(folder, signature_def_key="none")


def test_no_saved_model(tmp_path: Path) -> None:
    assert not tf1x.saved_model.maybe_saved_model_directory(str(tmp_path))
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        with pytest.raises(OSError, match="does not exist"):
            tf1x.saved_model.loader.load(session, ["serve"], str(tmp_path))
        (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff\xff")
        with pytest.raises(OSError, match="Cannot parse"):
            tf1x.saved_model.loader.load(session, ["serve"], str(tmp_path))


def test_signatures_equal_tensorflow() -> None:
    def build(tf: Any) -> list[bytes]:
        text = tf.placeholder(tf.string, [None], name="text")
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        sparse = tf.sparse_placeholder(tf.float32, name="sparse")
        utils = tf.saved_model.signature_def_utils
        made = [
            utils.predict_signature_def({"a": x, "s": sparse}, {"b": text}),
            utils.regression_signature_def(text, x),
            utils.classification_signature_def(text, text, x),
            utils.classification_signature_def(text, None, x),
        ]
        assert all(utils.is_valid_signature(s) for s in made)
        return [s.SerializeToString(deterministic=True) for s in made]

    with tf1.Graph().as_default():
        theirs = build(tf1)
    with tf1x.Graph().as_default():
        assert build(tf1x) == theirs
