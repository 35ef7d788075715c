"""Cases of ops/candidate_sampling.py: three runs of one session, as those of ops/random.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, ints

_SEEDS = {"seed": 777, "seed2": 42}
_TRUE = ints(5, 2, low=0, high=20, dtype="int64")
_TWO = {"num_true": 2, **_SEEDS}


def _sampler(op: str, runs: int = 3) -> list[Case]:
    def case(note: str, true: Any = _TRUE, **attrs: Any) -> Case:
        return Case(op, (true,), {**_TWO, **attrs}, grad=False, runs=runs, note=note)

    return [
        case("unique", num_sampled=9, unique=True, range_max=20),
        case("repeated", num_sampled=9, unique=False, range_max=20),
        case("all", num_sampled=20, unique=True, range_max=20),
        case("many", num_sampled=300, unique=True, range_max=5000),
        case("power of two", num_sampled=7, unique=True, range_max=32),
        case(
            "one", ints(3, 2, low=0, high=1, dtype="int64"), num_sampled=1, unique=True, range_max=1
        ),
    ]


_WEIGHTS = (1 + np.arange(20) % 7).astype(np.float32).tolist()
_UNIGRAMS = {"unigrams": _WEIGHTS, "range_max": 20}


def _fixed(note: str, **attrs: Any) -> Case:
    true = ints(5, 2, low=0, high=6, dtype="int64")
    options = {"num_sampled": 6, "unique": True, **_UNIGRAMS, **_TWO, **attrs}
    return Case("FixedUnigramCandidateSampler", (true,), options, grad=False, runs=3, note=note)


_SAMPLED = np.array([7, 3, 11, 2, 3, 19], np.int64)
_HIT = np.array([[3, 7], [1, 2], [4, 5], [19, 19]], np.int64)

CASES = [
    *_sampler("LogUniformCandidateSampler"),
    *_sampler("UniformCandidateSampler"),
    *_sampler("LearnedUnigramCandidateSampler"),
    *_sampler("ThreadUnsafeUnigramCandidateSampler"),
    _fixed("unigrams"),
    _fixed("repeated", unique=False, num_sampled=50),
    _fixed("distorted", distortion=0.75),
    _fixed("reserved", num_reserved_ids=2, range_max=22),
    _fixed("shard", num_reserved_ids=3, num_shards=3, shard=1, range_max=8, num_sampled=4),
    Case("AllCandidateSampler", (_TRUE,), {"num_sampled": 20, "unique": True, **_TWO}, grad=False),
    Case("ComputeAccidentalHits", (_HIT, _SAMPLED), _TWO, data_dependent=True),
    Case(
        "ComputeAccidentalHits",
        (ints(3, 1, dtype="int64"), np.int64([77])),
        {"num_true": 1},
        data_dependent=True,
        note="none",
    ),
    Case(
        "ComputeAccidentalHits",
        (_HIT, _SAMPLED),
        {**_TWO, "_one_for_each": True},
        oracle=False,
        why="TensorFlow has one row for each hit: compared in tests/lib/test_sampling.py",
        note="one for each",
    ),
]  # fmt: skip
