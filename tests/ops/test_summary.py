"""`tf.summary`: the same nodes, bytes and errors as TensorFlow's; images pixel by pixel."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats
from tests.oracle import tf1

_X = floats(30)


def _collected(tf: Any) -> Any:
    with tf.name_scope("layer"):
        tf.summary.scalar("loss", tf.constant(0.5))
    tf.summary.histogram("w", _X, family="weights")
    tf.summary.scalar("elsewhere", 1.0, collections=["other"])
    tf.summary.scalar("both", 2.0, collections=["other", tf.GraphKeys.SUMMARIES])
    return [
        tf.summary.merge_all(),
        tf.summary.merge_all("other", name="others"),
        tf.summary.merge_all(scope="layer"),
        tf.summary.merge_all("nothing"),
    ]


def _merged(tf: Any) -> Any:
    parts = [tf.summary.scalar("a", 1.0), tf.summary.scalar("b", 2)]
    merged = tf.summary.merge(parts, ["merged"], name="a name/of it")
    assert tf.get_collection("merged") == [merged]
    return merged


SAME: dict[str, Program] = {
    "scalar": lambda tf: tf.summary.scalar("loss", tf.constant(1.5)),
    "odd name": lambda tf: tf.summary.scalar("/a b:c/d.e-f", 3),
    "twice": lambda tf: [tf.summary.scalar("loss", 1.0), tf.summary.scalar("loss", 2.0)],
    "family": lambda tf: tf.summary.scalar("loss", 1.5, family="fa mily"),
    "histogram": lambda tf: tf.summary.histogram("h", tf.constant(_X)),
    "default name": lambda tf: tf.summary.histogram(None, [1, 2]),
    "audio": lambda tf: tf.summary.audio("clip", floats(4, 9), 8000, family="f"),
    "one clip": lambda tf: tf.summary.audio("clip", floats(4, 9, 2), tf.constant(8e3), max_outputs=1),
    "text": lambda tf: tf.summary.text("t", tf.constant(["a", "b"])),
    "tensor": lambda tf: tf.summary.tensor_summary("t", tf.constant([1, 2]), "what", display_name="d", family="f"),
    "merge_all": _collected,
    "merge": _merged,
}  # fmt: skip

ERRORS: dict[str, Program] = {
    "shape": lambda tf: tf.summary.scalar("a", [1.0, 2.0]),
    "nan": lambda tf: tf.summary.histogram("a", [np.nan]),
    "infinity": lambda tf: tf.summary.histogram("a", [np.inf]),
    "no name": lambda tf: tf.summary.scalar(None, 1.0),
    "bool": lambda tf: tf.summary.scalar("a", tf.constant(True)),
    "two channels": lambda tf: tf.summary.image("a", tf.zeros([2, 1, 2, 2])),
    "no pixels": lambda tf: tf.summary.image("a", tf.zeros([2, 0, 2, 3])),
    "not an image": lambda tf: tf.summary.image("a", tf.zeros([2, 2, 3])),
    "no images": lambda tf: tf.summary.image("a", tf.zeros([2, 2, 3, 1]), 0),
    "not a clip": lambda tf: tf.summary.audio("a", tf.zeros([1, 2, 3, 4]), 8000),
    "rate": lambda tf: tf.summary.audio("a", tf.zeros([1, 2]), -1),
    "not text": lambda tf: tf.summary.text("a", tf.constant(1)),
    "same tags": lambda tf: tf.summary.merge([tf.summary.scalar("a", 1)] * 2),
    "no summary": lambda tf: tf.summary.merge(["abc"]),
    "nothing": lambda tf: tf.summary.merge([]),
}


@pytest.mark.parametrize("name", SAME)
def test_nodes_and_bytes(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    (kind, text), (their_kind, their_text) = (error_of(tf, ERRORS[name]) for tf in (tf1x, tf1))
    assert kind == their_kind
    if kind == "InvalidArgumentError":
        assert text in their_text


def _all_kinds() -> dict[str, np.ndarray]:
    signed = floats(5, 4, 6, 3)
    broken = signed.copy()
    broken[0, 1, 1, 0], broken[1, 2, 2, 2], broken[2] = np.nan, np.inf, np.nan
    return {
        "signed": signed,
        "positive": np.abs(signed),
        "not finite": broken,
        "grey": signed[..., :1],
        "alpha": floats(1, 3, 3, 4, seed=5),
        "tiny": signed * np.float32(1e-8),
        "float64": signed.astype(np.float64),
        "float16": np.abs(signed).astype(np.float16),
        "bytes": (np.abs(signed) * 100).astype(np.uint8),
    }


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("kind", _all_kinds())
def test_images(kind: str, limit: int) -> None:
    def program(tf: Any) -> Any:
        return tf.summary.image("image", _all_kinds()[kind], max_outputs=limit)

    (nodes, [ours]), (their_nodes, [theirs]) = run(tf1x, program), run(tf1, program)
    assert nodes == their_nodes
    for a, b in zip(Summary.FromString(ours).value, Summary.FromString(theirs).value, strict=True):
        pixels = [np.asarray(Image.open(io.BytesIO(x.image.encoded_image_string))) for x in (a, b)]
        np.testing.assert_array_equal(*pixels)
        for value in (a, b):
            value.image.encoded_image_string = b""
        assert a.SerializeToString() == b.SerializeToString()


def test_names_before_1_0() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.scalar_summary("a tag: with anything", tf1x.constant(1.0))
        tf1x.scalar_summary(["x", "y"], [1.0, 2.0])
        tf1x.histogram_summary("h", _X)
        tf1x.image_summary("i", np.zeros([1, 2, 2, 1], np.float32), max_images=1)
        tf1x.audio_summary("s", np.zeros([1, 2], np.float32), 8000.0)
        one = tf1x.merge_summary([tf1x.scalar_summary("z", 3)], name="one")
        values = Summary.FromString(session.run(tf1x.merge_all_summaries())).value
        assert [v.tag for v in values] == [
            "a tag: with anything", "x", "y", "h", "i/image", "s/audio/0", "z",
        ]  # fmt: skip
        assert Summary.FromString(session.run(one)).value[0].simple_value == 3
        assert [op.type for op in tf1x.get_default_graph().get_operations()][-1] == "MergeSummary"


def test_the_description_of_a_tensor_summary() -> None:
    node = tf1x.NodeDef(op="TensorSummary")
    node.attr["description"].s = b'{"typeHint": "number"}'
    assert tf1x.summary.get_summary_description(node).type_hint == "number"
    with pytest.raises(ValueError, match="Const"):
        tf1x.summary.get_summary_description(tf1x.NodeDef(op="Const"))
