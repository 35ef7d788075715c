"""`tf.layers.batch_normalization`: nodes, outputs, gradients and moving averages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_close
from tests.lib.layers.same import assert_same_graph, assert_same_values, numbers, plain, values
from tests.oracle import tf1

IMAGE, ROWS, VOLUME = (None, 4, 5, 3), (None, 3), (None, 3, 2, 2, 4)

CASES: dict[str, tuple[tuple[int | None, ...], dict[str, Any]]] = {
    "images": (IMAGE, {}),
    "images, other numbers": (IMAGE, {"momentum": 0.7, "epsilon": 0.1, "name": "bn"}),
    "images, not fused": (IMAGE, {"fused": False}),
    "images, no center": (IMAGE, {"center": False}),
    "images, no scale": (IMAGE, {"scale": False}),
    "images, over another axis": (IMAGE, {"axis": 1, "fused": False}),
    "images, over two axes": (IMAGE, {"axis": [1, -1]}),
    "images, not trained": (IMAGE, {"trainable": False}),
    "volumes": (VOLUME, {}),
    "rows": (ROWS, {}),
    "rows, bare": (ROWS, {"center": False, "scale": False}),
    "rows, regularized": (
        ROWS,
        {"beta_regularizer": "l2", "gamma_regularizer": "l2", "gamma_initializer": "zeros"},
    ),
    "sequences": ((None, 4, 3), {}),
    "sequences, middle axis": ((None, 4, 3), {"axis": 1}),
    "parts of the batch": (ROWS, {"virtual_batch_size": 3}),
    "parts of the batch, images": (IMAGE, {"virtual_batch_size": 2}),
    "renormalized": (ROWS, {"renorm": True}),
    "renormalized, clipped": (
        IMAGE,
        {"renorm": True, "renorm_clipping": {"rmin": 0.3, "rmax": 1.5, "dmax": 0.2}, "renorm_momentum": 0.6},
    ),
}  # fmt: skip


def _program(name: str, training: Any) -> Any:
    shape, options = CASES[name]

    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, shape, name="x")
        given = {k: tf.nn.l2_loss if v == "l2" else v for k, v in options.items()}
        flag = tf.placeholder(tf.bool, [], name="training") if training is None else training
        return tf.layers.batch_normalization(x, training=flag, **given)

    return program


def _feeds(name: str) -> dict[str, Any]:
    return {"x": numbers(*(size or 6 for size in CASES[name][0])) * 2 + 1}


@pytest.mark.parametrize("name", CASES)
def test_training(name: str) -> None:
    program = _program(name, True)
    assert_same_graph(program)
    assert_same_values(program, _feeds(name), runs=3)


@pytest.mark.parametrize("name", CASES)
def test_inference(name: str) -> None:
    program = _program(name, False)
    assert_same_graph(program)
    assert_same_values(program, _feeds(name))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_by_a_placeholder(name: str, training: bool) -> None:
    feeds = {**_feeds(name), "training": training}
    assert_same_values(_program(name, None), feeds, runs=2)


def test_the_two_variances() -> None:
    """Images: the unbiased one; rows: that of the population (SEMANTICS.md)."""
    x = numbers(6, 1, 1, 3)
    for inputs, ddof in ((x, 1), (x.reshape(6, 3), 0)):
        with tf1x.Graph().as_default(), tf1x.Session() as session:
            layer = tf1x.layers.BatchNormalization(momentum=0.0)
            layer(tf1x.constant(inputs), training=True)
            session.run(tf1x.global_variables_initializer())
            session.run(layer.updates)
            wanted = inputs.reshape(6, 3).var(0, ddof=ddof)
            np.testing.assert_allclose(session.run(layer.moving_variance), wanted, rtol=1e-5)


def test_updates_only_where_they_are_run() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, ROWS, name="x")
        with tf.variable_scope("model"):
            y = tf.layers.batch_normalization(x, training=True, name="bn")
        with tf.variable_scope("model", reuse=True):
            return [y, tf.layers.batch_normalization(x, training=False, name="bn")]

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(5, 3)}, runs=2)


def test_adjustment() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, ROWS, name="x")

        def adjust(shape: Any) -> Any:
            return tf.fill([shape[1]], 2.0), tf.fill([shape[1]], 0.5)

        return tf.layers.batch_normalization(x, training=True, adjustment=adjust)

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(5, 3)}, runs=2)


def test_half_precision_keeps_its_averages_in_single() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float16, IMAGE, name="x")
        rows = tf.placeholder(tf.float16, ROWS, name="rows")
        pair = [
            tf.layers.batch_normalization(x, training=True),
            tf.layers.batch_normalization(rows, training=True),
        ]
        assert {v.dtype.base_dtype for v in tf.global_variables()} == {tf.float32}
        return pair

    assert_same_graph(program)
    feeds = {"x": numbers(2, 4, 5, 3).astype("f2"), "rows": numbers(6, 3).astype("f2")}
    ours, theirs = (values(tf, program, feeds)[0][0] for tf in (tf1x, tf1))
    assert_close(ours, theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.astype("f4"), b.astype("f4"), atol=5e-3)


def test_parts_of_variables_are_not_for_averages() -> None:
    with tf1x.Graph().as_default():
        x = tf1x.placeholder(tf1x.float32, [None, 4])
        with tf1x.variable_scope("s", partitioner=tf1x.fixed_size_partitioner(2)):
            tf1x.layers.batch_normalization(x, training=True)
        names = [v.op.name.removeprefix("s/batch_normalization/") for v in tf1x.global_variables()]
        assert names == ["gamma/part_0", "gamma/part_1", "beta/part_0", "beta/part_1", "moving_mean", "moving_variance"]  # fmt: skip


def test_errors() -> None:
    def calls(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [None, 3])
        norm = tf.layers.batch_normalization
        return (
            lambda: norm(x, axis="a"),
            lambda: norm(tf.placeholder(tf.float32, [None, None])),
            lambda: norm(x, virtual_batch_size=0),
            lambda: norm(x, axis=0, virtual_batch_size=2),
            lambda: norm(x, virtual_batch_size=2, adjustment=lambda shape: shape),
        )

    problems = []
    for tf in (tf1x, tf1):
        found = []
        with tf.Graph().as_default():
            for call in calls(tf):
                with pytest.raises((ValueError, TypeError)) as caught:
                    call()
                found.append((caught.type, plain(caught.value)))
        problems.append(found)
    assert problems[0] == problems[1]


def test_axes_and_options_that_do_not_fit() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 3])
    with pytest.raises(ValueError, match="Invalid value for `axis`"):
        tf1x.layers.batch_normalization(x, axis=2)
    with pytest.raises(ValueError, match="Duplicate axis"):
        tf1x.layers.batch_normalization(x, axis=[1, -1])
    with pytest.raises(ValueError, match="invalid keys for `renorm_clipping`"):
        tf1x.layers.batch_normalization(x, renorm=True, renorm_clipping={"rmid": 1})
