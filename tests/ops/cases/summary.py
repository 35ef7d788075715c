"""Cases of ops/summary.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

_TAG = Const(b"a/b")
_PNG = "another PNG encoder, other bytes: the pixels are compared in tests/ops/test_summary.py"


def _summaries(*tags: bytes) -> list[Const]:
    """Serialized summaries of one number each."""
    return [Const(b"\n" + bytes([len(t) + 7]) + b"\n" + bytes([len(t)]) + t + b"\x15\0\0\0@") for t in tags]  # fmt: skip


def _histogram(values: np.ndarray, note: str) -> Case:
    return Case("HistogramSummary", (_TAG, values), note=note)


CASES = [
    Case("ScalarSummary", (_TAG, floats())),
    Case("ScalarSummary", (_TAG, ints(dtype="int64")), note="int64"),
    Case("ScalarSummary", (Const(np.array([[b"a"], [b"b c"]], object)), floats(2, 1)), note="two"),
    Case("ScalarSummary", (_TAG, np.float32(np.nan)), note="nan"),
    _histogram(floats(50, 20), "matrix"),
    _histogram(floats(500, low=-1e-11, high=1e-11), "tiny"),
    _histogram(np.zeros(3, np.float32), "zeros"),
    _histogram(floats(0), "empty"),
    _histogram(np.float32([3e38, -3e38, 1e20, -1e20, 1e-12, -1e-12, 0, -0.0, 1]), "extremes"),
    _histogram(ints(40, low=-100, high=100), "int32"),
    _histogram(ints(40, low=0, high=255, dtype="uint8"), "uint8"),
    Case("ImageSummary", (_TAG, floats(4, 5, 6, 3)), oracle=False, why=_PNG),
    Case("AudioSummaryV2", (_TAG, floats(2, 9), Const(np.float32(8000))), dtypes=("float32",)),
    Case(
        "AudioSummaryV2",
        (_TAG, floats(4, 9, 2), Const(np.float32(22050.5))),
        {"max_outputs": 2},
        dtypes=("float32",),
        note="stereo",
    ),
    Case(
        "AudioSummaryV2",
        (_TAG, np.float32([[0.5, 1.5, 2.5, -0.5, -1.5, 40000, -40000]]) / 32768, Const(np.float32(1))),
        {"max_outputs": 1},
        dtypes=("float32",),
        note="rounding",
    ),
    Case(
        "AudioSummary",
        (_TAG, floats(2, 9)),
        {"sample_rate": 8000.0},
        dtypes=("float32",),
        oracle=False,
        why="TensorFlow 2.21 does not run it; it is AudioSummaryV2 with an attribute",
    ),
    Case("TensorSummary", (floats(2, 3),)),
    Case("TensorSummary", (Const(np.array([b"x", b"yz"], object)),), note="strings"),
    Case("TensorSummaryV2", (_TAG, floats(2, 3), Const(b"\x12\x04name"))),
    Case("TensorSummaryV2", (_TAG, ints(3), Const(b"")), note="without metadata"),
    Case("MergeSummary", (_summaries(b"a"),), note="one"),
    Case("MergeSummary", (_summaries(b"a", b"bc"),), note="two"),
    Case(
        "MergeSummary",
        ([Const(np.array([c.value for c in _summaries(b"a", b"b", b"c")], object))],),
        note="vector",
    ),
]  # fmt: skip
