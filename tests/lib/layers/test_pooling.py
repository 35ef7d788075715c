"""Pooling layers: nodes, outputs and gradients are TensorFlow's."""

from __future__ import annotations

from typing import Any

import pytest

import tf1x
from tests.lib.layers.same import assert_same_graph, assert_same_values, numbers

CASES: dict[str, tuple[str, tuple[int | None, ...], tuple[Any, ...]]] = {
    f"{kind} {name}": (f"{kind}_pooling{rank}d", shape, arguments)
    for kind in ("max", "average")
    for name, rank, shape, arguments in (
        ("1d", 1, (None, 8, 3), (2, 2)),
        ("1d same", 1, (None, 7, 3), (3, 2, "same")),
        ("1d channels first", 1, (None, 3, 8), (2, 2, "valid", "channels_first")),
        ("2d", 2, (None, 8, 7, 3), (2, 2)),
        ("2d same", 2, (None, 8, 7, 3), ((3, 2), (2, 1), "SAME")),
        ("2d sizes unknown", 2, (None, None, None, 3), (2, 2, "same")),
        ("3d", 3, (None, 4, 5, 6, 2), (2, 2)),
        ("3d same", 3, (None, 4, 5, 6, 2), (3, 2, "same")),
        ("3d channels first", 3, (None, 2, 4, 5, 6), (2, 2, "valid", "channels_first")),
    )
}


@pytest.mark.parametrize("name", CASES)
def test_graph_and_values(name: str) -> None:
    function, shape, arguments = CASES[name]

    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, shape, name="x")
        y = getattr(tf.layers, function)(x, *arguments)
        return [y, getattr(tf.layers, function)(x, *arguments, name="named")]

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(*(size or 6 for size in shape))})


@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_channels_first_images(kind: str) -> None:
    """(TensorFlow pools them on GPUs only.)"""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, [None, 3, 8, 7])
        layer = getattr(tf1x.layers, f"{kind}Pooling2D")
        first = layer(2, 2, data_format="channels_first")
        last = layer(2, None)(tf1x.transpose(x, [0, 2, 3, 1]))
        pair = first(x), tf1x.transpose(last, [0, 3, 1, 2])
        assert first.compute_output_shape([None, 3, 8, 7]).as_list() == [None, 3, 4, 3]
        assert pair[0].shape.as_list() == [None, 3, 4, 3]
        values = session.run(pair, {x: numbers(2, 3, 8, 7)})
        assert values[0] == pytest.approx(values[1])


def test_windows_as_large_as_the_image() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 6, 5, 2])
    assert tf1x.layers.average_pooling2d(x, x.shape[1:3], 1).shape.as_list() == [None, 1, 1, 2]


def test_errors() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 6, 6])
    with pytest.raises(ValueError, match="expected ndim=4, found ndim=3"):
        tf1x.layers.max_pooling2d(x, 2, 2)
    with pytest.raises(ValueError, match="`padding` argument must be one of"):
        tf1x.layers.max_pooling1d(x, 2, 2, "causal")
    with pytest.raises(TypeError, match="strides"):
        tf1x.layers.max_pooling1d(x, 2)
