"""The native statistics of batch normalisation and its gradient, against XLA's code."""

from __future__ import annotations

from typing import Any
from unittest import mock

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1x.native import batch_norm as native
from tf1x.ops import normalization

pytestmark = pytest.mark.usefixtures("kernels")

_ATTRS: dict[str, Any] = {"epsilon": 1e-3, "data_format": "NHWC", "is_training": True}


def _run(x: Any, g: Any, scale: Any) -> Any:
    offset = scale / 2

    def function(x: Any, g: Any, scale: Any) -> Any:
        given = (x, scale, offset, scale, scale)
        outputs = normalization._normalized(*given, exponential_avg_factor=1.0, **_ATTRS)
        return outputs, normalization._backward(g, x, scale, *outputs[3:5], **_ATTRS)

    return jax.tree.leaves(jax.jit(function)(x, g, scale))


def both(shape: tuple[int, ...], mean: float = 0.0) -> None:
    """Outputs and gradients by the kernels, by XLA's code, and in float64."""
    random = np.random.default_rng(0)
    x = (random.normal(size=shape) + mean).astype(np.float32)
    g = random.normal(size=shape).astype(np.float32)
    scale = random.normal(size=shape[-1:]).astype(np.float32)
    with mock.patch.object(native, "suits", return_value=True):
        actual = _run(x, g, scale)
    with mock.patch.object(native, "suits", return_value=False):
        expected = _run(x, g, scale)
        with jax.enable_x64(True):
            exact = _run(*(v.astype(np.float64) for v in (x, g, scale)))
    for got, want, true in zip(actual, expected, exact, strict=True):
        error, others = (np.abs(v - true).max() for v in (got, want))
        bound = 1e-6 * max(np.abs(true).max(), 1)
        assert error <= max(2 * others, bound), (error, others)


@pytest.mark.parametrize(
    "shape",
    [(4, 8, 8, 16), (3, 5, 7, 24), (100, 32, 32, 24), (2, 3, 3, 67), (1, 1, 1, 8), (5, 1, 1, 9000)],
)
def test_cases(shape: tuple[int, ...]) -> None:
    both(shape)


def test_far_from_zero() -> None:
    both((16, 14, 14, 32), mean=100.0)


@given(st.tuples(*[st.integers(1, 9)] * 3, st.integers(1, 80)))
@settings(max_examples=20)
def test_any_shape(shape: tuple[int, ...]) -> None:
    both(shape)


def test_same_bits_in_every_run() -> None:
    x = np.random.default_rng(0).normal(size=(64, 14, 14, 24)).astype(np.float32)
    one, other = (_run(x, x, x[0, 0, 0]) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_second_derivative() -> None:
    """That of the squared gradient, by the kernels and by XLA's code."""
    random = np.random.default_rng(1)
    x, g = random.normal(size=(2, 3, 4, 4, 8)).astype(np.float32)

    def squares(x: Any) -> Any:
        mean, variance = normalization._Channels(4, "NHWC").moments(x)
        found = normalization._backward(g, x, mean * 0 + 2, mean, variance, **_ATTRS)
        return sum((v * v).sum() for v in found)

    actual = jax.grad(squares)(x)
    with mock.patch.object(native, "suits", return_value=False):
        expected = jax.grad(squares)(x)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
