"""An LSTM's steps in one call: JAX's scan in float64, forward and back."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tf1x.native import lstm_layer
from tf1x.native.lstm import Cell

# Steps, rows and units: parts of vectors and of the units that one thread takes, and more of these.
SHAPES = [(5, 3, 37), (1, 2, 16), (4, 0, 16), (9, 1, 130), (6, 40, 200)]
CELLS = [Cell(1.0, (0, 1, 2, 3)), Cell(0.0, (2, 3, 1, 0))]


def _plain(
    cell: Cell, inputs: Any, weights: Any, bias: Any, memory: Any, output: Any, ended: Any
) -> Any:
    def step(state: Any, given: Any) -> Any:
        (memory, output), (row, ended) = state, given
        before = state
        gates = row + output @ weights + (0 if bias is None else bias)
        quarters = jnp.split(gates, 4, axis=1)
        i, j, f, o = (quarters[place] for place in cell.order)
        memory = jax.nn.sigmoid(f + cell.forget_bias) * memory + jax.nn.sigmoid(i) * jnp.tanh(j)
        output = jax.nn.sigmoid(o) * jnp.tanh(memory)
        after = jax.tree.map(lambda x, y: jnp.where(ended[:, None], x, y), before, (memory, output))
        return after, output

    if ended is None:
        ended = np.zeros(inputs.shape[:2], bool)
    (memory, output), outputs = jax.lax.scan(step, (memory, output), (inputs, ended))
    return outputs, memory, output


def _arrays(steps: int, rows: int, units: int) -> tuple[list[np.ndarray], tuple[np.ndarray, ...]]:
    """The arguments, and gradients of the results."""
    rng = np.random.RandomState(0)
    state, sequence = (rows, units), (steps, rows, units)
    shapes = (steps, rows, 4 * units), (units, 4 * units), (4 * units,), state, state
    inputs = [rng.randn(*shape).astype("f4") for shape in shapes]
    inputs[1] /= units**0.5
    return inputs, tuple(rng.randn(*shape).astype("f4") for shape in (sequence, state, state))


def _pulled(function: Any, inputs: Any, g: Any) -> Any:
    found, pull = jax.vjp(function, *inputs)
    return (*found, *pull(g))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("cell", CELLS, ids=["as TensorFlow's", "another order"])
@pytest.mark.parametrize("ends", [False, True], ids=["to the end", "some end before"])
def test_results_and_gradients(kernels, shape, cell, ends):
    inputs, g = _arrays(*shape)
    ended = np.random.RandomState(1).rand(*shape[:2]) < 0.4 if ends else None

    def layer(*arrays: Any) -> Any:
        return lstm_layer.layer(cell, *arrays, ended)

    found = jax.jit(lambda x, g: _pulled(layer, x, g))(inputs, g)
    wide = [x.astype("f8") for x in inputs], tuple(x.astype("f8") for x in g)
    expected = _pulled(lambda *x: _plain(cell, *x, ended), *wide)
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (np.float32, b.shape)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * max(1, np.abs(b).max(initial=0)))
    for a, b in zip(jax.jit(layer)(*inputs), found, strict=False):
        np.testing.assert_array_equal(a, b, err_msg="without what the gradient wants")


def test_without_a_bias(kernels):
    (inputs, weights, _, *state), g = _arrays(3, 2, 20)
    with_zeros = lstm_layer.layer(CELLS[0], inputs, weights, np.zeros(80, "f4"), *state, None)
    found, pull = jax.vjp(
        lambda *x: lstm_layer.layer(CELLS[0], *x, None), inputs, weights, None, *state
    )
    for a, b in zip(found, with_zeros, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [x is None for x in pull(g)] == [False, False, True, False, False]


def test_the_inputs_keep_their_values(kernels):
    """The gates take their place in memory only where nothing else wants them."""
    arrays, g = _arrays(3, 2, 20)
    inputs = jnp.asarray(arrays[0])

    def both(inputs: Any) -> Any:
        doubled = 2 * inputs
        found, pull = jax.vjp(lambda x: lstm_layer.layer(CELLS[0], x, *arrays[1:], None), doubled)
        return doubled, pull(g), found

    np.testing.assert_array_equal(jax.jit(both)(inputs)[0], 2 * arrays[0])
