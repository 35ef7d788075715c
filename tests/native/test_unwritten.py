"""Arrays that begin with whatever is in their memory."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tf1x.native import unwritten


@pytest.mark.parametrize("dtype", ["float32", "bool", "int64", "complex64", "bfloat16"])
def test_shape_and_type(kernels, dtype):
    found = jax.jit(lambda: unwritten.unwritten((3, 5), jax.numpy.dtype(dtype), 0))()
    assert (found.shape, found.dtype) == ((3, 5), dtype)


def test_no_two_share_their_memory(kernels):
    """XLA would take equal calls for one, and give one result in two places."""

    def two():
        first, second = (unwritten.unwritten((1000,), np.dtype("f4"), i) for i in range(2))
        return first.at[:].set(1.0), second.at[:].set(2.0)

    first, second = jax.jit(two)()
    np.testing.assert_array_equal(first, 1)
    np.testing.assert_array_equal(second, 2)


def test_what_suits(kernels):
    assert unwritten.suits((1 << 14,), np.dtype("f4"))
    assert not unwritten.suits((1 << 13,), np.dtype("f4"))
    assert not unwritten.suits((1 << 20,), jax.random.key(0).dtype)
