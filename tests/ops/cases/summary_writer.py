"""Cases of lib/contrib/summary_ops.py: each writes to a file of its own in a temporary folder."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, floats
from tf1x.lib.contrib import summary_ops as ops


def _program(write: Any) -> Any:
    """Open a writer, write, flush, close; gives back the input."""

    def program(x: Any) -> Any:
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        writer = ops.SummaryWriter(shared_name=folder)
        last = ops.CreateSummaryFileWriter(writer, folder, 10, 1000, ".v2")
        for step in (lambda: write(writer, x), lambda: ops.FlushSummaryWriter(writer),
                     lambda: ops.CloseSummaryWriter(writer)):  # fmt: skip
            with tf.control_dependencies([last]):
                last = step()
        with tf.control_dependencies([last]):
            return [tf.identity(x)]

    return program


_STEP = np.int64(3)
_EVENT = tf.Event(step=9).SerializeToString()
_GRAPH = tf.GraphDef().SerializeToString()

_WRITES = {
    "WriteScalarSummary": lambda w, x: ops.WriteScalarSummary(w, _STEP, "tag", x[0, 0, 0, 0]),
    "WriteHistogramSummary": lambda w, x: ops.WriteHistogramSummary(w, _STEP, "tag", x),
    "WriteImageSummary": lambda w, x: ops.WriteImageSummary(
        w, _STEP, "tag", x, np.uint8([255, 0, 0, 255])
    ),
    "WriteAudioSummary": lambda w, x: ops.WriteAudioSummary(w, _STEP, "tag", x[0], 8000.0),
    "WriteSummary": lambda w, x: ops.WriteSummary(w, _STEP, x, "tag", ""),
    "WriteGraphSummary": lambda w, x: ops.WriteGraphSummary(w, _STEP, _GRAPH),
    "ImportEvent": lambda w, x: ops.ImportEvent(w, _EVENT),
}

CASES = [
    *(
        Case(op, (floats(2, 3, 4, 3, low=0),), program=_program(write), grad=False, dtypes=("float32",))
        for op, write in _WRITES.items()
    ),
    *(
        Case(
            op,
            (floats(2, 3, 4, 3),),
            program=_program(_WRITES["WriteHistogramSummary"]),
            grad=False,
            dtypes=("float32",),
        )
        for op in (
            "SummaryWriter",
            "CreateSummaryFileWriter",
            "FlushSummaryWriter",
            "CloseSummaryWriter",
        )
    ),
]  # fmt: skip
