"""Cases of ops/readers.py: readers of this file itself, whose name the queue holds."""

from __future__ import annotations

from typing import Any

import tf1x as tf
from tests.ops.cases.case import Case
from tf1x.core import opdef
from tf1x.ops import queues, readers


def _queue(units: int) -> Any:
    """A closed queue with the name of a file."""
    queue = queues.FIFOQueueV2([tf.string], [[]], 10)
    put = queues.QueueEnqueueManyV2(queue, [tf.constant([__file__] * units)])
    with tf.control_dependencies([put]):
        close = queues.QueueCloseV2(queue)
    with tf.control_dependencies([close]):
        return tf.identity(queue)


def _reading(kind: str, old: bool = False, **attrs: Any) -> Any:
    """A program: two records, then up to five more, then the counts."""

    def program() -> Any:
        version = "" if old else "V2"
        queue = _queue(3)
        queue = queues.FakeQueue(queue) if old else queue
        reader = opdef.get(f"{kind}{version}")(**attrs)
        outputs: list[Any] = []
        for _ in range(2):
            with tf.control_dependencies(outputs):
                outputs += opdef.get(f"ReaderRead{version}")(reader, queue)
        with tf.control_dependencies(outputs):
            outputs += opdef.get(f"ReaderReadUpTo{version}")(reader, queue, 5)
        with tf.control_dependencies(outputs):
            outputs += [
                opdef.get(f"ReaderNumRecordsProduced{version}")(reader),
                opdef.get(f"ReaderNumWorkUnitsCompleted{version}")(reader),
            ]
        return outputs

    return program


def _state(old: bool = False) -> Any:
    """A program: a reader's state before and after going back to it, and after a reset."""

    def program() -> Any:
        version = "" if old else "V2"
        queue = _queue(4)
        queue = queues.FakeQueue(queue) if old else queue
        reader = opdef.get(f"IdentityReader{version}")()
        read, state = (opdef.get(f"Reader{v}{version}") for v in ("Read", "SerializeState"))
        with tf.control_dependencies(read(reader, queue)):
            first = state(reader)
        with tf.control_dependencies([first]):
            second = read(reader, queue)
        with tf.control_dependencies(second):
            restored = opdef.get(f"ReaderRestoreState{version}")(reader, first)
        with tf.control_dependencies([restored]):
            again = state(reader)
        with tf.control_dependencies([again]):
            reset = opdef.get(f"ReaderReset{version}")(reader)
        with tf.control_dependencies([reset]):
            return [first, again, state(reader)]

    return program


_OLD = {"oracle": False, "why": "removed from TensorFlow in GraphDef version 26"}
_VERSIONS = (("V2", {}), ("", _OLD))


def _rows(kind: str, note: str = "", **attrs: Any) -> list[Case]:
    return [
        Case(
            f"{kind}{version}",
            program=_reading(kind, not version, **attrs),
            note=note,
            data_dependent=True,
            **more,
        )
        for version, more in _VERSIONS
    ]


CASES = [
    *_rows("IdentityReader"),
    *_rows("WholeFileReader"),
    *_rows("TextLineReader"),
    *_rows("TextLineReader", "header", skip_header_lines=3),
    *_rows("FixedLengthRecordReader", record_bytes=100, header_bytes=10, footer_bytes=4),
    *_rows("FixedLengthRecordReader", "overlapping", record_bytes=20, hop_bytes=5),
    *_rows("FixedLengthRecordReader", "apart", record_bytes=20, hop_bytes=70, footer_bytes=30),
    *[
        Case(
            f"Reader{verb}{version}",
            program=_reading("TextLineReader", not version),
            data_dependent=True,
            **more,
        )
        for verb in ("Read", "ReadUpTo", "NumRecordsProduced", "NumWorkUnitsCompleted")
        for version, more in _VERSIONS
    ],
    *[
        Case(f"Reader{verb}{version}", program=_state(not version), data_dependent=True, **more)
        for verb in ("SerializeState", "RestoreState", "Reset")
        for version, more in _VERSIONS
    ],
    *[
        Case(
            f"TFRecordReader{version}",
            program=lambda version=version: opdef.get(f"ReaderNumRecordsProduced{version}")(
                opdef.get(f"TFRecordReader{version}")()
            ),
            note="count",
            **more,
        )
        for version, more in _VERSIONS
    ],
    Case(
        "LMDBReader",
        program=lambda: [tf.size(tf.shape(readers.LMDBReader()))],
        oracle=False,
        why="refused by both: tests/lib/test_readers.py",
    ),
]
