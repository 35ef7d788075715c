"""An LSTM's step by the kernel: NumPy's numbers in float64, and JAX's gradients."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tf1x.native import lstm

# Rows and units: whole vectors and parts of them, more units than one thread takes at a time.
SHAPES = [(1, 16), (3, 37), (32, 64), (2, 200), (0, 16)]


def _plain(xp: Any, cell: lstm.Cell, product: Any, added: Any, bias: Any, before: Any) -> Any:
    gates = product if added is None else product + added
    gates = gates if bias is None else gates + bias
    quarters = xp.split(gates, 4, axis=1)
    i, j, f, o = (quarters[place] for place in cell.order)

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + xp.exp(-x))

    memory = sigmoid(f + cell.forget_bias) * before + sigmoid(i) * xp.tanh(j)
    return memory, sigmoid(o) * xp.tanh(memory)


def _inputs(rows: int, units: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.RandomState(seed)
    shapes = (rows, 4 * units), (rows, 4 * units), (4 * units,), (rows, units)
    return [2 * rng.randn(*shape).astype("f4") for shape in shapes]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 3, 1, 0)], ids=str)
def test_step_and_gradient(kernels, shape, order):
    cell = lstm.Cell(1.0, order)
    inputs = _inputs(*shape)
    g = _inputs(*shape, seed=1)[3], _inputs(*shape, seed=2)[3]

    def pulled(step: Any, *inputs: Any) -> Any:
        found, pull = jax.vjp(step, *inputs)
        return *found, *pull(g)

    found = jax.jit(lambda *x: pulled(lambda *x: lstm.differentiable_step(cell, *x), *x))(*inputs)
    wide = [x.astype("f8") for x in inputs]
    g = tuple(x.astype("f8") for x in g)
    expected = pulled(lambda *x: _plain(jnp, cell, *x), *wide)
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (np.float32, b.shape)
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6 * max(1, shape[0]))


@pytest.mark.parametrize("there", [(False, False), (True, False), (False, True)], ids=str)
def test_what_is_not_added(kernels, there):
    cell = lstm.Cell(0.5, (0, 1, 2, 3))
    product, added, bias, before = _inputs(4, 20)
    given = product, added if there[0] else None, bias if there[1] else None, before
    expected = _plain(np, cell, *(None if x is None else x.astype("f8") for x in given))
    found, pull = jax.vjp(lambda *x: lstm.differentiable_step(cell, *x), *given)
    for a, b, c in zip(found, expected, lstm.step(cell, *given), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6)
        np.testing.assert_array_equal(a, c)
    assert [g is not None for g in pull(found)] == [True, *there, True]


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.floats(width=32, allow_nan=True), min_size=4, max_size=4), st.floats(-2, 2))
def test_any_gates(kernels, gates, before):
    product = np.repeat(np.array(gates, "f4"), 16)[None]
    memory = np.full((1, 16), before, "f4")
    cell = lstm.Cell(0.0, (0, 1, 2, 3))
    with np.errstate(over="ignore"):
        expected = _plain(np, cell, product.astype("f8"), None, None, memory.astype("f8"))
    for a, b in zip(lstm.step(cell, product, None, None, memory), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_what_suits(kernels):
    assert lstm.suits(16, np.dtype("f4"))
    assert not lstm.suits(15, np.dtype("f4"))
    assert not lstm.suits(16, np.dtype("f8"))
