"""Cases of ops/strings_hash.py: strings of all lengths that the hashes treat differently."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case
from tests.ops.cases.strings import words

_LENGTHS = [*range(70), 127, 128, 129, 191, 192, 193, 256, 300]
_STRINGS = words(*(np.random.RandomState(n).bytes(n) for n in _LENGTHS))
_MANY = 2**63 - 25  # nearly all bits of the hash count

CASES = [
    *(
        Case(op, (_STRINGS,), {"num_buckets": n}, note=str(n))
        for op in ("StringToHashBucket", "StringToHashBucketFast")
        for n in (_MANY, 10, 1)
    ),
    *(
        Case(
            "StringToHashBucketStrong",
            (_STRINGS,),
            {"num_buckets": n, "key": [0x123456789ABCDEF, 17]},
            note=str(n),
        )
        for n in (_MANY, 10)
    ),
]
