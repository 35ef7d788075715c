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
    half = (*shape[:-1], lengths[-1] // 2 + 1)
    length = Const(np.int32(lengths))
    # TensorFlow's gradient fails where a dimension is cut, and in three dimensions there is none.
    whole = shape[1:-1] == lengths[:-1] and rank < 3
    rows = []
    for real, wide in (("float32", "complex64"), ("float64", "complex128")):
        options = {"dtypes": (real,), "atol": 1e-5, "note": "x".join(map(str, lengths))}
        rows += [
            Case(
                f"RFFT{name}",
                (floats(*shape), length),
                {"Tcomplex": wide},
                grad=whole and lengths[-1] == shape[-1],
                **options,
            ),
            Case(
                f"IRFFT{name}",
                (complexes(*half).astype(wide), length),
                {"Treal": real},
                grad=whole,
                **options,
            ),
        ]
    return rows


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
