"""Cases of ops/image_transform.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_TURN = np.float32([[0.8, -0.6, 1.2, 0.6, 0.8, -0.7, 0.01, -0.02], [1, 0, -2, 0, 1, 1, 0, 0]])

# The gradient inverts a matrix in float32.
CASES = [
    *(
        Case(
            "ImageProjectiveTransformV2",
            (floats(2, 5, 7, 3), Const(transforms), Const(np.int32(size))),
            {"interpolation": mode},
            dtypes=("float32",),
            rtol=1e-4,
            atol=1e-5,
            note=f"{mode} {len(transforms)} {size}",
        )
        for mode in ("NEAREST", "BILINEAR")
        for transforms, size in ((_TURN, (5, 7)), (_TURN[:1], (6, 4)))
    ),
    Case(
        "ImageProjectiveTransformV2",
        (ints(2, 4, 4, 1, low=0, high=256, dtype="uint8"), Const(_TURN), Const(np.int32([4, 4]))),
        {"interpolation": "NEAREST"},
        dtypes=("float32",),
        note="uint8",
    ),
]
