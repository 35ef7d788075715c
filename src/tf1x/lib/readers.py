"""Readers: `tf.TextLineReader`, `tf.TFRecordReader`, ...: records of the files named in a queue."""

from __future__ import annotations

from typing import Any

from tf1x.core import opdef
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.data_flow import QueueBase
from tf1x.ops import queues, readers


class ReaderBase:
    """Gives records (key and value, strings) of the work units in a queue, file names mostly.

    Args:
        reader_ref: the handle.
        supports_serialize: whether `serialize_state` works.
    """

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        return self._supports_serialize

    def _op(self, verb: str) -> Any:
        version = "" if self._reader_ref.dtype._is_ref_dtype else "V2"
        return opdef.get(f"Reader{verb}{version}")

    def _queue(self, queue: QueueBase | Tensor) -> Tensor:
        handle = queue if isinstance(queue, Tensor) else queue.queue_ref
        if self._reader_ref.dtype._is_ref_dtype:
            handle = queues.FakeQueue(handle)
        return handle

    def read(self, queue: QueueBase | Tensor, name: str | None = None) -> Any:
        """The next record: a pair of strings, its key and its value.

        Raises (when run):
            OutOfRangeError: the queue is closed and empty.
            NotFoundError: there is no such file.
        """
        return self._op("Read")(self._reader_ref, self._queue(queue), name=name)

    def read_up_to(
        self, queue: QueueBase | Tensor, num_records: Any, name: str | None = None
    ) -> Any:
        """Up to `num_records` records of one work unit: two vectors, keys and values."""
        return self._op("ReadUpTo")(self._reader_ref, self._queue(queue), num_records, name=name)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records it has given, an int64 scalar."""
        count: Tensor = self._op("NumRecordsProduced")(self._reader_ref, name=name)
        return count

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many work units it has come to the end of, an int64 scalar."""
        count: Tensor = self._op("NumWorkUnitsCompleted")(self._reader_ref, name=name)
        return count

    def serialize_state(self, name: str | None = None) -> Tensor:
        """The reader's state, a string.

        Raises (when run):
            UnimplementedError: this kind of reader cannot.
        """
        state: Tensor = self._op("SerializeState")(self._reader_ref, name=name)
        return state

    def restore_state(self, state: Any, name: str | None = None) -> Operation:
        """An op that puts the reader into a state.

        Raises (when run):
            InvalidArgumentError: `state` is none.
            UnimplementedError: this kind of reader cannot.
        """
        node: Operation = self._op("RestoreState")(self._reader_ref, state, name=name)
        return node

    def reset(self, name: str | None = None) -> Operation:
        """An op after which the reader is as at first."""
        node: Operation = self._op("Reset")(self._reader_ref, name=name)
        return node


class WholeFileReader(ReaderBase):
    """Whole files; keys are their names."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(readers.WholeFileReaderV2(name=name), supports_serialize=True)


class IdentityReader(ReaderBase):
    """What is in the queue, as key and value."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(readers.IdentityReaderV2(name=name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """Lines of text files without their ends; keys are "file:line number".

    Args:
        skip_header_lines: how many lines to skip at the beginning of each file.
    """

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(
            readers.TextLineReaderV2(skip_header_lines=skip_header_lines or 0, name=name)
        )


class FixedLengthRecordReader(ReaderBase):
    """Records of one length; keys are "file:record number".

    Args:
        record_bytes: length of a record.
        header_bytes, footer_bytes: what to leave out at the beginning and the end of each file.
        hop_bytes: from the start of a record to that of the next; 0 for `record_bytes`.
        encoding: "", "ZLIB" or "GZIP".
    """

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        super().__init__(
            readers.FixedLengthRecordReaderV2(
                header_bytes=header_bytes or 0,
                record_bytes=record_bytes,
                footer_bytes=footer_bytes or 0,
                hop_bytes=hop_bytes or 0,
                encoding=encoding or "",
                name=name,
            )
        )


class TFRecordReader(ReaderBase):
    """The records of TFRecord files; keys are "file:offset".

    Args:
        options: a `tf.python_io.TFRecordOptions`, for compressed files.
    """

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        super().__init__(
            readers.TFRecordReaderV2(compression_type=_compression(options), name=name)
        )


def _compression(options: Any) -> str:
    if options is None:
        return ""
    found: str = type(options).get_compression_type_string(options)
    return found


class LMDBReader(ReaderBase):
    """Not supported: running it raises `tf.errors.UnimplementedError`."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        super().__init__(readers.LMDBReader(name=name))
