"""Products in bfloat16."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tf1x as tf
from tf1x.native import library
from tf1x.runtime import precision
from tf1x.runtime.precision import Products, reduced, set_products


@pytest.fixture
def rounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As under `tf1x run --bf16`."""
    monkeypatch.setattr(library, "on_cpu", lambda: False)
    set_products(Products.REDUCED)
    yield
    set_products(Products.EXACT)


def bfloat16(x: Any) -> Any:
    return np.asarray(jnp.asarray(x, jnp.float32).astype(jnp.bfloat16).astype(jnp.float32))


def test_products_round_their_operands_and_nothing_else() -> None:
    rng = np.random.RandomState(0)
    a, b = (rng.randn(6, 6).astype(np.float32) for _ in range(2))

    def program(a: Any, b: Any) -> Any:
        return a @ b, jnp.tanh(a + b), a.astype(jnp.float64) @ b.astype(jnp.float64)

    with jax.enable_x64(True):
        made = reduced(jax.make_jaxpr(program)(a, b))
        got = jax.extend.core.jaxpr_as_fun(made)(a, b)
        wanted = program(jnp.asarray(a), jnp.asarray(b))
    np.testing.assert_allclose(got[0], bfloat16(a) @ bfloat16(b), rtol=1e-5, atol=1e-6)
    assert np.abs(np.asarray(got[0]) - a @ b).max() > 1e-4
    assert got[0].dtype == np.float32
    np.testing.assert_allclose(got[1], wanted[1], rtol=1e-6)
    np.testing.assert_array_equal(got[2], wanted[2])


def test_inside_of_loops_branches_and_calls() -> None:
    w = np.eye(3, dtype=np.float32) * np.float32(1 + 2**-10)  # rounds to the unit matrix

    def program(x: Any, w: Any) -> Any:
        scanned = jax.lax.scan(lambda c, _: (c @ w, None), x, None, length=3)[0]
        looped = jax.lax.while_loop(lambda i: i[0] < 3, lambda i: (i[0] + 1, i[1] @ w), (0, x))[1]
        chosen = jax.lax.cond(x.sum() > 0, lambda: x @ w, lambda: x)
        return scanned, looped, chosen, jax.jit(lambda: x @ w)()

    x = np.ones([2, 3], np.float32)
    made = jax.make_jaxpr(program)(x, w)
    for exact, rounded in zip(
        jax.extend.core.jaxpr_as_fun(made)(x, w),
        jax.extend.core.jaxpr_as_fun(reduced(made))(x, w),
        strict=True,
    ):
        assert np.all(np.asarray(exact) > 1)
        np.testing.assert_array_equal(rounded, x)


def test_a_network_learns_and_its_variables_stay_float32(rounded: None) -> None:
    rng = np.random.RandomState(0)
    images = rng.randn(32, 8, 8, 2).astype(np.float32)
    labels = (images[:, 2:6, 2:6, 0].sum((1, 2)) > 0).astype(np.int64)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        x, y = tf.placeholder(tf.float32, [None, 8, 8, 2]), tf.placeholder(tf.int64, [None])
        layer = tf.layers.conv2d(x, 8, 3, activation=tf.nn.relu)
        logits = tf.layers.dense(tf.layers.flatten(layer), 2)
        loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
        train = tf.train.AdamOptimizer(0.01).minimize(loss)
        session.run(tf.global_variables_initializer())
        feed = {x: images, y: labels}
        losses = [session.run([loss, train], feed)[0] for _ in range(60)]
        assert losses[-1] < 0.1 < losses[0]
        kernel = session.run(tf.trainable_variables()[2])
        assert kernel.dtype == np.float32
        assert not np.array_equal(kernel, bfloat16(kernel))


def test_the_graph_rewrite_changes_nothing_on_a_cpu() -> None:
    try:
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        tf.train.experimental.enable_mixed_precision_graph_rewrite(optimizer, 8)
        program = jax.make_jaxpr(lambda a: a @ a)(np.ones([2, 2], np.float32))
        assert precision.chosen(program) is program
    finally:
        tf.train.experimental.disable_mixed_precision_graph_rewrite()


def test_the_command(tmp_path: Path) -> None:
    script = tmp_path / "product.py"
    script.write_text(
        "import tensorflow as tf\n"
        "x = tf.placeholder(tf.float32, [1, 1])\n"
        "print(tf.Session().run(tf.matmul(x, x), {x: [[1 + 2.0**-10]]})[0, 0])\n"
    )
    command = [sys.executable, "-m", "tf1x", "run"]
    for options, wanted in ([], (1 + 2.0**-10) ** 2), (["--bf16"], 1.0):
        done = subprocess.run(
            [*command, *options, str(script)], capture_output=True, text=True, check=True
        )
        assert float(done.stdout) == pytest.approx(wanted, abs=1e-6)
