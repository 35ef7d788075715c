"""Programs compiled in pieces compute what they compute as a whole."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxpr_as_fun

import tf1x
from tf1x.runtime import chunks


def _chain(x: Any, y: Any) -> list[Any]:
    """Values used near and far, an input and a constant among the results."""
    first = jnp.sin(x)
    z = first
    for i in range(20):
        z = z * y + jnp.tanh(z) / np.float32(i + 2)
    return [z, x, np.float32(3), first + z, jnp.zeros(2), z]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_pieces_are_the_whole(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LARGE", 10)
    monkeypatch.setattr(chunks, "CHUNK", size)
    x, y = np.linspace(0, 1, 5, dtype=np.float32), np.float32(0.5)
    jaxpr = jax.make_jaxpr(_chain)(x, y)
    whole = jax.jit(jaxpr_as_fun(jaxpr))(x, y)
    pieces = jax.jit(chunks.function_of(jaxpr))
    for a, b in zip(whole, pieces(x, y), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    calls = pieces.lower(x, y).as_text().count("call @")
    assert calls == -(-len(jaxpr.jaxpr.eqns) // size)
    compiled = pieces.lower(x, y).compile().as_text()
    assert compiled.count(" call(") == calls  # XLA keeps them


def test_small_programs_stay_whole() -> None:
    jaxpr = jax.make_jaxpr(_chain)(np.zeros(2, np.float32), np.float32(1))
    assert (
        "call @"
        not in jax.jit(chunks.function_of(jaxpr))
        .lower(np.zeros(2, np.float32), np.float32(1))
        .as_text()
    )


def _trained(steps: int) -> list[float]:
    """Losses of an unrolled recurrent network with dropout; its random ops, checks and updates."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        tf1x.set_random_seed(1)
        x = tf1x.placeholder(tf1x.float32, [None, steps, 3])
        cell = tf1x.nn.rnn_cell.BasicLSTMCell(4)
        outputs, _ = tf1x.nn.static_rnn(cell, tf1x.unstack(x, steps, 1), dtype=tf1x.float32)
        last = tf1x.check_numerics(tf1x.nn.dropout(outputs[-1], 0.5), "last")
        loss = tf1x.reduce_mean(tf1x.square(last - 1))
        train = tf1x.train.AdamOptimizer(0.1).minimize(loss)
        session.run(tf1x.global_variables_initializer())
        feed = {x: np.random.RandomState(0).rand(2, steps, 3)}
        return [float(session.run([loss, train], feed)[0]) for _ in range(4)]


def test_a_training_step_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _trained(3)
    monkeypatch.setattr(chunks, "LARGE", 20)
    monkeypatch.setattr(chunks, "CHUNK", 15)
    np.testing.assert_allclose(_trained(3), whole, rtol=1e-5)
