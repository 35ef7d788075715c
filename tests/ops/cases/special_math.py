"""Cases of ops/special_math.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, complexes, floats

_POSITIVE = floats(2, 5, low=0.3, high=5)
_ANY = floats(2, 5, low=-3, high=3)
_UNIT = floats(2, 5, low=0.05, high=0.95)
_PAIR = floats(2, 5, low=0.3, high=5), floats(5, low=0.3, high=5, seed=1)
# Series and continued fractions, cut off at different places.
_SERIES = {"rtol": 5e-5, "rtol64": 1e-8, "note": "iterative"}
_XS = np.float32([0.0, 0.0, 1.5, -2.0]), np.float32([0.0, 2.0, 0.5, 3.0])

CASES = [
    Case("Lgamma", (_POSITIVE,), rtol=2e-5, atol=1e-5, note="zeros at 1 and 2"),
    Case("Lgamma", (np.float32([-0.5, -1.5, 10.0, 80.0]),), note="far"),
    Case("Digamma", (_POSITIVE,), rtol=5e-5, atol=1e-5, note="zero at 1.46"),
    Case("Erf", (_ANY,)),
    Case("Erfc", (_ANY,), rtol=5e-5, note="small tails"),
    Case("Erfinv", (_UNIT,), rtol=5e-5, note="rational approximations"),
    Case("Ndtri", (_UNIT,), rtol=5e-5, note="rational approximations"),
    Case("Igamma", _PAIR, **_SERIES),
    Case("Igammac", _PAIR, **_SERIES),
    Case("RandomGammaGrad", _PAIR, **_SERIES, grad=False),
    Case("Zeta", (floats(2, 3, low=1.5, high=5), floats(3, low=0.5, high=4)), **_SERIES),
    Case("Polygamma", (np.float32([0, 1, 2, 3]), floats(4, low=0.5, high=4)), **_SERIES),
    Case("Betainc", (_POSITIVE, floats(2, 5, low=0.3, high=5, seed=1), _UNIT), **_SERIES),
    *(Case(op, (_ANY,)) for op in ("BesselI0", "BesselI1", "BesselI0e", "BesselI1e")),
    *(Case(op, (np.float32([0.0, 0.5]),), note="zero") for op in ("BesselI0e", "BesselI1e")),
    *(Case(op, _PAIR) for op in ("Xlogy", "Xlog1py", "Xdivy")),
    *(Case(op, _XS, note="zeros") for op in ("Xlogy", "Xlog1py", "Xdivy")),
    *(
        Case(op, (floats(2, 3), floats(2, 3, seed=1)), grad=False)
        for op in ("SigmoidGrad", "TanhGrad", "SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad")
    ),
    Case("SigmoidGrad", (complexes(3), complexes(3, seed=1)), note="complex", grad=False),
    Case("SigmoidGrad", (floats(2, 3), floats(2, 3, seed=1)), note="second order"),
    Case("TanhGrad", (floats(2, 3), floats(2, 3, seed=1)), note="second order"),
]
