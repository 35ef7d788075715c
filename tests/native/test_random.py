"""The native random fills against the pure ones: the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1x.native.random import fill
from tf1x.ops import philox

pytestmark = pytest.mark.usefixtures("kernels")

SAMPLERS = [philox.uniform, philox.normal, philox.truncated_normal]


@contextmanager
def pure() -> Iterator[None]:
    with mock.patch.object(philox, "fill", return_value=None):
        yield


def bits(values: Any) -> np.ndarray:
    values = np.asarray(values)
    return values.view(f"u{values.dtype.itemsize}")


POSITIONS = st.one_of(
    st.integers(0, 2**64 - 1), st.integers(-300, 300).map(lambda near: (2**32 + near) % 2**64),
    st.integers(-300, 300).map(lambda near: near % 2**64),
)  # fmt: skip


@settings(max_examples=40)
@given(
    seed=st.integers(-(2**63), 2**63 - 1),
    seed2=st.integers(-(2**63), 2**63 - 1),
    counter=POSITIONS,
    shape=st.lists(st.integers(0, 40), max_size=3),
    dtype=st.sampled_from([np.float32, np.float64]),
    sampler=st.sampled_from(SAMPLERS),
)
def test_fills(seed: int, seed2: int, counter: int, shape: Any, dtype: Any, sampler: Any) -> None:
    with pure():
        expected = sampler(seed, seed2, counter, shape, dtype)
    actual = fill(sampler.__name__, seed, seed2, counter, shape, dtype)
    assert actual is not None
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(bits(actual), bits(expected))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.__name__)
def test_many_values_by_several_threads(sampler: Any, dtype: Any) -> None:
    """Traced, and by way of NumPy; the size is that of no whole batch, block or item."""
    shape = (100_003,)
    with pure():
        expected = bits(sampler(5, -7, 2**32 - 900, shape, dtype))
    compiled = jax.jit(lambda seed, counter: sampler(seed, -7, counter, shape, dtype))
    traced = compiled(jnp.uint64(5), jnp.uint64(2**32 - 900))
    np.testing.assert_array_equal(bits(traced), expected)
    np.testing.assert_array_equal(bits(sampler(5, -7, 2**32 - 900, shape, dtype)), expected)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 5000])
def test_words(count: int) -> None:
    with pure():
        expected = philox.words(1, 2, 3, count)
    np.testing.assert_array_equal(philox.words(1, 2, 3, count), expected)
    np.testing.assert_array_equal(philox.words(1, 2, jnp.uint64(3), count), expected)


def test_mapped() -> None:
    """Under `vmap`, as in `tf.map_fn`."""
    counters = jnp.arange(3, dtype=np.uint64) * 1000
    actual = jax.vmap(lambda c: philox.uniform(1, 2, c, (5,), np.float32))(counters)
    expected = [philox.uniform(1, 2, int(c), (5,), np.float32) for c in counters]
    np.testing.assert_array_equal(actual, expected)


def test_other_types_have_no_kernel() -> None:
    assert fill("uniform", 1, 2, 3, (4,), np.float16) is None
    assert fill("words", 1, 2, 3, (4,), np.float32) is None
