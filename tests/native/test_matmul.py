"""The native products of matrices against NumPy's, and their derivatives."""

from __future__ import annotations

from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1x.native import matmul
from tf1x.ops.matmul import product

pytestmark = pytest.mark.usefixtures("kernels")


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    random = np.random.default_rng(0)
    return [jnp.asarray(random.normal(size=shape), np.float32) for shape in shapes]


def compare(rows: int, terms: int, columns: int, transpose_a: bool, transpose_b: bool) -> None:
    a, b = arrays((rows, terms), (terms, columns))
    expected = np.asarray(a, np.float64) @ np.asarray(b, np.float64)
    left, right = a.T if transpose_a else a, b.T if transpose_b else b
    actual = matmul.product(transpose_a, transpose_b, left, right)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=4e-6 * max(terms, 1) ** 0.5)


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize(
    ("rows", "terms", "columns"),
    [
        (100, 784, 512),
        (37, 70, 65),
        (8, 1100, 130),  # more terms than are added at a time
        (700, 33, 64),  # several blocks of rows
        (513, 1030, 7),
        (1, 1030, 333),  # few rows
        (4, 127, 8),
        (1, 1, 1),
        (0, 5, 3),
        (4, 0, 3),
        (4, 5, 0),
        (700, 5, 0),
        (250, 2100, 600),  # more terms than are laid out at a time
    ],
)
def test_cases(rows: int, terms: int, columns: int, transpose_a: bool, transpose_b: bool) -> None:
    compare(rows, terms, columns, transpose_a, transpose_b)


@pytest.mark.parametrize(
    "shape", [(100, 70, 130), (3, 1030, 37), (61, 600, 64), (0, 5, 9)], ids=str
)
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True)], ids=str)
def test_what_a_layer_does(shape: tuple[int, int, int], transposed: tuple[bool, bool]) -> None:
    rows, terms, columns = shape
    a, b, bias, mask = arrays((rows, terms), (terms, columns), (columns,), (rows, columns))
    factors = a.T if transposed[0] else a, b.T if transposed[1] else b
    plain = matmul.product(*transposed, *factors)
    for added, rectifies, sign in [(bias, True, None), (None, True, mask), (bias, False, mask)]:
        expected = plain if added is None else plain + added
        expected = jnp.maximum(expected, 0) if rectifies else expected
        expected = expected if sign is None else expected * (sign > 0)
        found = matmul.dense(*transposed, *factors, added, rectifies, sign)
        np.testing.assert_array_equal(found, expected)


def test_what_is_no_number_stays() -> None:
    a, b = jnp.full((40, 33), jnp.nan, jnp.float32), jnp.ones((33, 20), jnp.float32)
    assert np.isnan(
        matmul.dense(False, False, a, b, None, True, jnp.zeros((40, 20), jnp.float32))
    ).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(1, 150), st.booleans(), st.booleans())
def test_any(rows: int, terms: int, columns: int, transpose_a: bool, transpose_b: bool) -> None:
    compare(rows, terms, columns, transpose_a, transpose_b)


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
def test_derivatives(transpose_a: bool, transpose_b: bool) -> None:
    """As XLA's, the second ones too."""
    a, b = arrays((20, 30), (30, 25))
    a, b = a.T if transpose_a else a, b.T if transpose_b else b

    def derivatives(a: Any, b: Any) -> Any:
        def slope(a: Any, b: Any) -> Any:
            cubes = lambda a, b: (product(a, b, transpose_a, transpose_b) ** 3).sum()  # noqa: E731
            return sum((part**2).sum() for part in jax.grad(cubes, (0, 1))(a, b))

        return jax.jit(jax.grad(slope, (0, 1)))(a, b)

    with mock.patch.object(matmul, "suits", return_value=True):
        actual = derivatives(a, b)
    with mock.patch.object(matmul, "suits", return_value=False):
        expected = derivatives(a, b)
    for got, want in zip(actual, expected, strict=True):
        scale = float(jnp.abs(want).max())
        np.testing.assert_allclose(got / scale, want / scale, rtol=0, atol=1e-5)


def test_mapped() -> None:
    a, b = arrays((3, 20, 60), (60, 70))
    actual = jax.vmap(lambda a: matmul.product(False, False, a, b))(a)
    expected = jnp.stack([matmul.product(False, False, part, b) for part in a])
    np.testing.assert_array_equal(actual, expected)


def test_what_is_left_to_xla() -> None:
    assert matmul.suits(50, 784, 300, False, np.float32)
    assert not matmul.suits(50, 784, 300, False, np.float64)
    assert not matmul.suits(10_000, 784, 1, False, np.float32)
    assert not matmul.suits(10, 20, 30, False, np.float32)
    assert matmul.suits(1, 2048, 625, False, np.float32)
    assert not matmul.suits(1, 2048, 625, True, np.float32)
    assert not matmul.suits(1, 784, 100, False, np.float32)
    assert not matmul.suits(5, 2048, 625, False, np.float32)
