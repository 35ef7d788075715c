"""Cases of ops/complex_math.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, complexes, floats

_KINDS = (("complex64", "float32"), ("complex128", "float64"))

CASES = [
    *(
        Case(op, (complexes(2, 3).astype(kind),), {"Tout": part}, dtypes=("float32",), note=kind)
        for op in ("Real", "Imag", "Angle", "ComplexAbs")
        for kind, part in _KINDS
    ),
    Case(
        "ComplexAbs",
        (np.complex64([0, 3 - 4j]),),
        {"Tout": "float32"},
        dtypes=("float32",),
        note="zero",
    ),
    Case("Conj", (complexes(2, 3),)),
    Case(
        "Complex", (floats(2, 3), floats(2, 3, seed=1)), {"Tout": "complex64"}, dtypes=("float32",)
    ),
    Case(
        "Complex",
        (floats(2, 3), floats(3, seed=1)),
        {"Tout": "complex64"},
        dtypes=("float32",),
        note="row",
    ),
]
