"""Cases of ops/fft.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, complexes, floats


def _complex(rank: int) -> list[Case]:
    name = ("", "2D", "3D")[rank - 1]
    shapes = [(2, 3, 4, 5)[-rank - 1 :], (4, 3, 2)[:rank], (2, 0, 3, 4)]
    return [
        Case(f"{kind}{name}", (complexes(*shape),), note=f"{i}", atol=1e-5, grad=0 not in shape)
        for kind in ("FFT", "IFFT")
        for i, shape in enumerate(shapes)
    ]


def _real(rank: int, *lengths: int) -> list[Case]:
    name = ("", "2D", "3D")[rank - 1]
    shape = (2, 6, 5, 7)[-rank - 1 :]
    length = Const(np.int32(lengths))
    note = "x".join(map(str, lengths))
    options = {"dtypes": ("float32",), "atol": 1e-5, "note": note, "grad": rank < 3}
    wide = {**options, "dtypes": ("float64",)}
    complex64, complex128 = complexes(*shape), complexes(*shape).astype(np.complex128)
    return [
        Case(f"RFFT{name}", (floats(*shape), length), {"Tcomplex": "complex64"}, **options),
        Case(f"RFFT{name}", (floats(*shape), length), {"Tcomplex": "complex128"}, **wide),
        Case(f"IRFFT{name}", (complex64, length), {"Treal": "float32"}, **options),
        Case(f"IRFFT{name}", (complex128, length), {"Treal": "float64"}, **wide),
    ]


CASES = [
    *_complex(1),
    *_complex(2),
    *_complex(3),
    *_real(1, 7),
    *_real(1, 6),
    *_real(1, 1),
    *_real(2, 5, 7),
    *_real(2, 4, 6),
    *_real(3, 6, 5, 7),
    *_real(3, 4, 5, 6),
]
