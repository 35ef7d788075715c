"""The native pooling against XLA's: the same bits."""

from __future__ import annotations

from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tf1x.native import pool as native
from tf1x.ops import pool
from tf1x.ops.windows import windows

pytestmark = pytest.mark.usefixtures("kernels")


def both(shape: Any, sizes: Any, strides: Any, padding: str, special: bool = False) -> None:
    """Maxima and their gradient, with many ties, by the kernels and by XLA's code."""
    random = np.random.default_rng(0)
    x = random.integers(-3, 3, shape).astype(np.float32)
    if special:
        x[random.random(shape) < 0.3] = np.nan
        x[random.random(shape) < 0.5] = -np.inf
    over = windows(shape, (1, *sizes, 1), (1, *strides, 1), padding)

    def run(x: Any) -> Any:
        y = pool._max_pool(x, over)
        g = jnp.arange(y.size, dtype=np.float32).reshape(y.shape)
        return y, pool._max_pool_grad(x, g, over)

    with mock.patch.object(native, "suits", return_value=True):
        actual = jax.jit(run)(x)
    with mock.patch.object(native, "suits", return_value=False):
        expected = jax.jit(run)(x)
    for got, want in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize(
    ("shape", "sizes", "strides", "padding"),
    [
        ((5, 28, 28, 32), (2, 2), (2, 2), "SAME"),
        ((3, 7, 7, 128), (2, 2), (2, 2), "SAME"),
        ((2, 9, 11, 20), (3, 3), (2, 2), "SAME"),
        ((2, 9, 11, 20), (3, 2), (1, 2), "VALID"),
        ((2, 12, 10, 17), (2, 3), (4, 5), "VALID"),
        ((1, 40, 5, 16), (1, 5), (1, 1), "SAME"),
        ((4, 6, 7, 3), (6, 7), (6, 7), "VALID"),
    ],
)
def test_cases(shape: Any, sizes: Any, strides: Any, padding: str, special: bool) -> None:
    both(shape, sizes, strides, padding, special)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), st.integers(1, 35)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.sampled_from(["SAME", "VALID"]),
)
def test_any(shape: Any, sizes: Any, strides: Any, padding: str) -> None:
    assume(padding == "SAME" or (shape[1] >= sizes[0] and shape[2] >= sizes[1]))
    both(shape, sizes, strides, padding)


def test_derivatives() -> None:
    """Where JAX differentiates a lowering as a whole, twice here, it gets XLA's derivatives."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 8, 16)), np.float32)
    over = windows(x.shape, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")

    def derivative(x: Any) -> Any:
        slope = jax.grad(lambda x: (pool._max_pool(x, over) ** 3).sum())
        return jax.jit(jax.grad(lambda x: (slope(x) ** 2).sum()))(x)

    actual = derivative(x)
    with mock.patch.object(native, "suits", return_value=False):
        expected = derivative(x)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_what_is_left_to_xla() -> None:
    assert native.suits((1, 5, 5, 16), np.float32)
    assert not native.suits((1, 5, 5, 3), np.float32)
    assert not native.suits((1, 5, 5, 16), np.float64)
    assert not native.suits((1, 5, 5, 5, 16), np.float32)
