"""Cases of ops/random.py: three runs of one session, with graph and op seeds as the op sees them."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats

_SEEDS = {"seed": 777, "seed2": 42}
_ULP = {"rtol": 3e-7, "atol": 0.0, "rtol64": 1e-15, "atol64": 0.0, "runs": 3}


def _float_sampler(op: str) -> list[Case]:
    return [
        Case(op, (Const([5, 7]),), {"dtype": "float32", **_SEEDS}, **_ULP),
        Case(
            op,
            (Const([3]),),
            {"dtype": "float16", **_SEEDS},
            dtypes=("float16",),
            note="half",
            runs=3,
        ),
        Case(op, (Const(np.int64([0, 4])),), {"dtype": "float32", **_SEEDS}, note="empty", **_ULP),
        Case(
            op,
            (Const([5000, 3]),),
            {"dtype": "float32", "seed": 1, "seed2": 0},
            note="large",
            **_ULP,
        ),
    ]


CASES = [
    *_float_sampler("RandomUniform"),
    *_float_sampler("RandomStandardNormal"),
    *_float_sampler("TruncatedNormal"),
    Case("RandomUniformInt", (Const([4, 5]), Const(np.int32(-3)), Const(np.int32(17))), _SEEDS, runs=3),
    Case("RandomUniformInt", (Const([9]), Const(np.int64(0)), Const(np.int64(2**40))), _SEEDS, runs=3, note="int64"),
    Case("RandomShuffle", (floats(11, 2),), _SEEDS, runs=3, rtol=0, rtol64=0),
    Case("RandomShuffle", (floats(1, 2),), _SEEDS, runs=3, note="one row", rtol=0, rtol64=0),
    Case("Multinomial", (floats(3, 6), Const(np.int32(5))), _SEEDS, runs=3),
    Case("Multinomial", (floats(2, 4), Const(np.int32(3))), {"output_dtype": "int32", **_SEEDS}, runs=3, note="int32"),
    Case("RandomGamma", (Const([4]), floats(3, low=0.3, high=4.0)), _SEEDS, runs=3, rtol64=1e-12),
    Case("RandomPoissonV2", (Const([4]), floats(3, low=0.3, high=20.0)), {"dtype": "float32", **_SEEDS}, runs=3),
]  # fmt: skip
