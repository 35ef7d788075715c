"""Ops on readers: `TextLineReaderV2` and its kin, `ReaderReadV2`.

Their older forms without `V2`, whose handles are references, exist in old GraphDefs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops import reader_objects
from tf1x.ops.queue_objects import Queue
from tf1x.ops.reader_objects import Reader
from tf1x.ops.resources import NAMES, expect, get_or_create, pair
from tf1x.ops.shape_rules import nothing, scalar


def _make(session: Any, op: Operation, *arguments: Any) -> Any:
    """The session's reader for `op`, of the class that the op's type names."""
    kind: Any = getattr(reader_objects, op.type.removesuffix("V2"))
    return get_or_create(session, op, kind, lambda: kind(op.name, *arguments))


def _whole_file(*, op: Operation, session: Any) -> Any:
    """A reader that gives whole files."""
    return _make(session, op)


def _identity(*, op: Operation, session: Any) -> Any:
    """A reader that gives what is in the queue."""
    return _make(session, op)


def _text_line(*, skip_header_lines: int = 0, op: Operation, session: Any) -> Any:
    """A reader that gives the lines of files."""
    return _make(session, op, skip_header_lines)


def _fixed_length(
    *,
    header_bytes: int = 0,
    record_bytes: int,
    footer_bytes: int = 0,
    hop_bytes: int = 0,
    op: Operation,
    session: Any,
) -> Any:
    """A reader that gives records of one length."""
    encoding = op.attrs.get("encoding", "")  # which the old op does not have
    return _make(session, op, header_bytes, record_bytes, footer_bytes, hop_bytes, encoding)


def _tf_record(*, compression_type: str = "", op: Operation, session: Any) -> Any:
    """A reader that gives the records of TFRecord files."""
    return _make(session, op, compression_type)


def _lmdb(*, op: Operation) -> Any:
    raise UnsupportedError(
        "LMDBReader: tf1x does not read LMDB databases (nor does TensorFlow since 2.5). Convert "
        "the data to TFRecord files.",
        op,
    )


def _both(lowering: Callable[..., Any], name: str, **attrs: tuple[str, Any]) -> Any:
    """Declare the op that makes a kind of reader; `attrs` only its present form has."""
    common: dict[str, Any] = {"grad": None, "host": True, "stateful": True}
    op("-> reader_handle: Ref(string)", type=name, shape=pair, attrs=NAMES, **common)(lowering)
    return op(
        "-> reader_handle: resource", type=f"{name}V2", shape=scalar, attrs=NAMES | attrs, **common
    )(lowering)


WholeFileReaderV2 = _both(_whole_file, "WholeFileReader")
IdentityReaderV2 = _both(_identity, "IdentityReader")
TextLineReaderV2 = _both(_text_line, "TextLineReader")
FixedLengthRecordReaderV2 = _both(_fixed_length, "FixedLengthRecordReader", encoding=("str", ""))
TFRecordReaderV2 = _both(_tf_record, "TFRecordReader")
LMDBReader = op(
    "-> reader_handle: Ref(string)",
    type="LMDBReader",
    shape=pair,
    grad=None,
    host=True,
    stateful=True,
    attrs=NAMES,
)(_lmdb)


# -- using them --------------------------------------------------------------------------------


def _strings(values: list[bytes]) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def _read(reader_handle: Any, queue_handle: Any) -> Any:
    """The next record, (key, value); waits for a work unit in the queue."""
    record = expect(reader_handle, Reader).read(expect(queue_handle, Queue))
    return tuple(np.array(text, object) for text in record)


def _read_up_to(reader_handle: Any, queue_handle: Any, num_records: Any) -> Any:
    """Up to `num_records` records of one work unit: keys and values."""
    reader, queue = expect(reader_handle, Reader), expect(queue_handle, Queue)
    records = reader.read_up_to(queue, int(num_records))
    return _strings([key for key, _ in records]), _strings([value for _, value in records])


def _records_produced(reader_handle: Any) -> Any:
    """How many records a reader has given."""
    return np.int64(expect(reader_handle, Reader).records_produced)


def _units_completed(reader_handle: Any) -> Any:
    """How many work units a reader has come to the end of."""
    return np.int64(expect(reader_handle, Reader).work_finished)


def _serialize(reader_handle: Any) -> Any:
    """A reader's state as a string."""
    return np.array(expect(reader_handle, Reader).serialize(), object)


def _restore(reader_handle: Any, state: Any) -> None:
    """Put a reader into a state."""
    if state.ndim:
        raise InvalidArgumentError(
            None, None, f"Reader state must be scalar, but had shape: {list(state.shape)}"
        )
    expect(reader_handle, Reader).restore(state.item())


def _reset(reader_handle: Any) -> None:
    """Make a reader as it was at first."""
    expect(reader_handle, Reader).reset()


def _use(
    lowering: Callable[..., Any],
    name: str,
    rest: str,
    shape: Any = nothing,
    queue: bool = False,
) -> Any:
    """Declare an op on a reader, in its present and its old form."""
    common: dict[str, Any] = {
        "shape": shape,
        "grad": None,
        "host": True,
        "stateful": True,
        "blocking": True,
    }
    old = "reader_handle: Ref(string)" + (", queue_handle: Ref(string)" if queue else "")
    new = "reader_handle: resource" + (", queue_handle: resource" if queue else "")
    op(f"{old}{rest}", type=name, **common)(lowering)
    return op(f"{new}{rest}", type=f"{name}V2", **common)(lowering)


ReaderReadV2 = _use(_read, "ReaderRead", " -> key: string, value: string", scalar, queue=True)
ReaderReadUpToV2 = _use(
    _read_up_to,
    "ReaderReadUpTo",
    ", num_records: int64 -> keys: string, values: string",
    lambda op: [(None,), (None,)],
    queue=True,
)
ReaderNumRecordsProducedV2 = _use(
    _records_produced, "ReaderNumRecordsProduced", " -> records_produced: int64", scalar
)
ReaderNumWorkUnitsCompletedV2 = _use(
    _units_completed, "ReaderNumWorkUnitsCompleted", " -> units_completed: int64", scalar
)
ReaderSerializeStateV2 = _use(_serialize, "ReaderSerializeState", " -> state: string", scalar)
ReaderRestoreStateV2 = _use(_restore, "ReaderRestoreState", ", state: string ->")
ReaderResetV2 = _use(_reset, "ReaderReset", " ->")
