"""Cases of ops/parsing_bytes.py."""

from __future__ import annotations

import zlib

import numpy as np

from tests.ops.cases.case import Case, Const, bools, complexes, floats, ints
from tests.ops.cases.parsing import strings
from tf1x.core.graphdef import make_tensor_proto

_BYTES = strings(b"abcdefgh", b"ABCD\x00\x01\xff\x80")
_GZIP = zlib.compressobj(wbits=31)
_GZIPPED = _GZIP.compress(b"hello" * 9) + _GZIP.flush()

CASES = [
    *(
        Case("DecodeRaw", (_BYTES,), {"out_type": dtype, "little_endian": little}, data_dependent=True, note=f"{dtype}{end}")
        for dtype in ("uint8", "int8", "int16", "uint16", "int32", "int64", "float32", "float64", "complex64")
        for little, end in ((True, ""), (False, "-swapped"))
    ),
    Case("DecodeRaw", (Const(b"\0\1\0\1"),), {"out_type": "bool"}, data_dependent=True, note="bool"),
    Case("DecodeRaw", (strings(),), {"out_type": "int16"}, data_dependent=True, note="none"),
    Case("DecodeRaw", (strings(b"", b""),), {"out_type": "int16"}, data_dependent=True, note="empty"),
    Case("DecodePaddedRaw", (_BYTES, Const(np.int32(12))), {"out_type": "int32"}),
    Case(
        "DecodePaddedRaw",
        (strings(b"abc", b"", b"abcdef"), Const(np.int32(4))),
        {"out_type": "uint16", "little_endian": False},
        note="swapped",
    ),
    Case("SerializeTensor", (floats(2, 3),), grad=False),
    Case("SerializeTensor", (complexes(2),), grad=False, note="complex"),
    Case("SerializeTensor", (bools(3),), note="bool"),
    Case("SerializeTensor", (_BYTES,), note="strings"),
    *(
        Case(
            "ParseTensor",
            (Const(make_tensor_proto(value).SerializeToString()),),
            {"out_type": str(value.dtype)},
            dtypes=("float32",),
            data_dependent=True,
            note=str(value.dtype),
        )
        for value in (floats(2, 3), ints(0, 3), bools(3), ints(2, dtype="int64"))
    ),
    Case("DecodeCompressed", (_BYTES,)),
    Case("DecodeCompressed", (strings(zlib.compress(b"abc"), b""),), {"compression_type": "ZLIB"}, note="zlib"),
    Case("DecodeCompressed", (Const(_GZIPPED),), {"compression_type": "GZIP"}, note="gzip"),
]  # fmt: skip
