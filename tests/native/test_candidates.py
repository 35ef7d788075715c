"""The classes that the kernel draws against those of XLA's code and of a plain loop."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf1x.native import candidates
from tf1x.ops import candidate_sampling as plain

pytestmark = pytest.mark.usefixtures("kernels")

DRAWS = {
    "UniformCandidateSampler": plain._draw_uniform,
    "LogUniformCandidateSampler": plain._draw_log_uniform,
}
SEEDS = st.integers(-(2**63), 2**63 - 1)


@given(
    sampler=st.sampled_from(list(DRAWS)),
    seeds=st.tuples(SEEDS, SEEDS),
    start=st.integers(0, 2**64 - 1000) | st.integers(2**32 - 100, 2**32),
    sizes=st.integers(1, 300).flatmap(
        lambda count: st.tuples(st.just(count), st.integers(count, 2 * count) | st.integers(count, 2**40))
    ),
)  # fmt: skip
def test_the_first_different_ones(
    sampler: str, seeds: tuple[int, int], start: int, sizes: tuple[int, int]
) -> None:
    count, range_max = sizes
    with jax.enable_x64(True):
        found = candidates.different(sampler, *seeds, start, count, range_max)
        assert found is not None
        classes, draws = found
        assert (classes.dtype, classes.shape, draws.dtype) == (np.int64, (count,), np.int64)
        drawn = np.asarray(DRAWS[sampler](*seeds, np.uint64(start), int(draws), range_max))
    different = list(dict.fromkeys(drawn.tolist()))
    assert np.asarray(classes).tolist() == different
    # The last draw is the one that was still wanted.
    assert drawn.tolist().index(different[-1]) == int(draws) - 1


@pytest.mark.parametrize("sampler", DRAWS)
@pytest.mark.parametrize("count", [1, 9, 64, 300])
def test_as_xla_does(sampler: str, count: int) -> None:
    def draw(block: Any, number: int) -> Any:
        return DRAWS[sampler](7, 8, block, number, 2 * count)

    with jax.enable_x64(True):
        ours = candidates.different(sampler, 7, 8, 5, count, 2 * count)
        theirs = jax.jit(lambda start: plain._different(draw, start, count))(np.uint64(5))
        assert ours is not None
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
