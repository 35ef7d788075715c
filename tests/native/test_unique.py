"""The different ones of numbers by the kernel against XLA's code and Python's."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf1x.native import unique

pytestmark = pytest.mark.usefixtures("kernels")

numbers = st.lists(st.integers(0, 30) | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=60)


@given(room=st.integers(1, 40), parts=st.lists(numbers, min_size=1, max_size=3))
def test_the_first_different_ones(room: int, parts: list[list[int]]) -> None:
    with jax.enable_x64(True):
        kept, counts = np.full(room, -1), np.zeros(2, np.int64)
        for part in parts:
            kept, counts = unique.different(kept, counts, np.array(part))
        drawn = [number for part in parts for number in part]
        different = list(dict.fromkeys(drawn))[:room]
        assert np.asarray(kept)[: len(different)].tolist() == different
        looked_at = drawn.index(different[-1]) + 1 if len(different) == room else len(drawn)
        assert np.asarray(counts).tolist() == [len(different), looked_at]


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_as_xla_does(room: int, seed: int) -> None:
    with jax.enable_x64(True):
        drawn = np.random.default_rng(seed).integers(0, 400, (2, 2 * room))
        state = ours = jnp.full(room, -1), np.zeros(2, np.int64)
        for part in drawn:
            if int(ours[1][0]) == room:
                break
            state, ours = unique.plain(*state, part), unique.different(*ours, part)
            for a, b in zip(ours, state, strict=True):
                np.testing.assert_array_equal(a, b)
