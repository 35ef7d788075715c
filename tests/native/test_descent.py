"""The native update by gradient descent against NumPy."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tf1x.native import descent

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize(
    ("rows", "terms", "columns"), [(100, 50, 300), (37, 1100, 65), (700, 3, 9), (3, 0, 4)]
)
def test_subtract_product(
    rows: int, terms: int, columns: int, transpose_a: bool, transpose_b: bool, keep: bool
) -> None:
    random = np.random.default_rng(0)
    shapes = (rows, columns), (rows, terms), (terms, columns)
    value, a, b = (random.normal(size=shape).astype(np.float32) for shape in shapes)

    def run(value: object, rate: object, keep: object, a: object, b: object) -> object:
        left, right = a.T if transpose_a else a, b.T if transpose_b else b
        return descent.subtract_product(value, rate, keep, transpose_a, transpose_b, left, right)

    found = jax.jit(run)(value, np.float32(0.1), np.bool_(keep), a, b)
    product = np.float32(0.1) * (a.astype(np.float64) @ b)
    np.testing.assert_allclose(found, value if keep else value - product, rtol=1e-5, atol=1e-5)


def test_descend() -> None:
    value, gradient = np.ones((2, 3), np.float32), np.full((2, 3), 2, np.float32)
    np.testing.assert_array_equal(descent.descend(value, 0.25, gradient, False), value / 2)
    np.testing.assert_array_equal(descent.descend(value, 0.25, gradient, True), value)


def test_what_is_left_to_xla() -> None:
    assert descent.suits(np.zeros([3, 4], np.float32))
    assert not descent.suits(np.zeros([3, 4], np.float64))
    assert not descent.suits(np.zeros([3], np.float32))
