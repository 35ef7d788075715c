"""Readers as a session keeps them: they take names of files out of a queue and give records."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core.dtypes import string
from tf1x.core.errors import (
    DataLossError,
    InvalidArgumentError,
    OutOfRangeError,
    UnimplementedError,
)
from tf1x.core.files import local_path, raising
from tf1x.ops.queue_objects import Queue
from tf1x.ops.resources import Resource
from tf1x.ops.waiting import remaining, timed_out

Record = tuple[bytes, bytes]  # key and value

_BUFFER = 1 << 18


class Reader(Resource):
    """Gives the records of one work unit (a file, mostly) after the other.

    Args:
        name: for messages.
    """

    kind = "Reader"
    # Whether a work unit is one record, complete as soon as that is read.
    single = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self.work_started = self.work_finished = self.records_produced = 0
        self._work = b""
        self._records: Iterator[Record] = iter(())
        self._error: Exception | None = None

    def open(self, work: bytes) -> Iterator[Record]:
        """The records of a work unit; what is wrong with the file may be raised at once."""
        raise NotImplementedError

    # -- reading -------------------------------------------------------------------------------

    def read(self, queue: Queue) -> Record:
        """The next record, from the next work unit of the queue if need be.

        Raises:
            OutOfRangeError: the queue is closed and empty.
            NotFoundError and kin: a file cannot be read. The next call takes the next one.
            DataLossError: a file is damaged. So says every later call.
        """
        with self._locked():
            while True:
                record = self._next(queue)
                if record is not None:
                    return record

    def read_up_to(self, queue: Queue, count: int) -> list[Record]:
        """`count` records, or those left of a work unit."""
        found: list[Record] = []
        with self._locked():
            while len(found) < count:
                record = self._next(queue)
                if record is not None:
                    found.append(record)
                if found and self.work_finished == self.work_started:
                    break
        return found

    def _next(self, queue: Queue) -> Record | None:
        """The next record, or None at the end of a work unit."""
        if self.work_finished == self.work_started:
            self._work = _work_unit(queue)
            self._records = self.open(self._work)
            self.work_started += 1
        if self._error is not None:
            raise self._error
        try:
            record = next(self._records, None)
        except Exception as error:
            self._error = error
            raise
        if record is None or self.single:
            self.work_finished = self.work_started
        if record is not None:
            self.records_produced += 1
        return record

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One read at a time; the others wait, also while that one waits for the queue."""
        limit = remaining()
        if not self._lock.acquire(timeout=-1 if limit is None else limit):
            raise timed_out()
        try:
            yield
        finally:
            self._lock.release()

    # -- state ---------------------------------------------------------------------------------

    def reset(self) -> None:
        """Forget the work unit and the counts."""
        with self._locked():
            self._clear()

    def serialize(self) -> bytes:
        """The state, for `restore`.

        Raises:
            UnimplementedError: readers that are in the middle of a file cannot.
        """
        if not self.single:
            raise UnimplementedError(None, None, "Reader SerializeState")
        from tf1x.core.messages import ReaderBaseState  # type: ignore[attr-defined]

        with self._locked():
            state = ReaderBaseState(
                work_started=self.work_started,
                work_finished=self.work_finished,
                num_records_produced=self.records_produced,
                current_work=self._work,
            )
        data: bytes = state.SerializeToString(deterministic=True)
        return data

    def restore(self, data: bytes) -> None:
        """Take up a state.

        Raises:
            InvalidArgumentError: it is none.
            UnimplementedError: as for `serialize`.
        """
        if not self.single:
            raise UnimplementedError(None, None, "Reader RestoreState")
        from tf1x.core.messages import ReaderBaseState  # type: ignore[attr-defined]

        who = f"{self.kind} '{self.name}'"
        state = ReaderBaseState()
        try:
            state.ParseFromString(data)
        except Exception as error:
            text = data.decode("ascii", "backslashreplace")
            raise _invalid(f"Could not parse state for {who}: {text}") from error
        counts = (state.work_started, state.work_finished, state.num_records_produced)
        if min(counts) < 0:
            raise _invalid(f"Unexpected negative value when restoring in {who}: {state}")
        if state.work_started > state.work_finished:
            raise _invalid(
                f"Inconsistent work started vs. finished when restoring in {who}: {state}"
            )
        with self._locked():
            self._clear()
            self.work_started, self.work_finished, self.records_produced = counts
            self._work = state.current_work


def _work_unit(queue: Queue) -> bytes:
    element = queue.take()
    if len(element) != 1:
        raise _invalid("Expected single component queue")
    if queue.types[0] is not string:
        raise _invalid("Expected queue with single string component")
    if element[0].size != 1:
        raise _invalid("Expected to dequeue a one-element string tensor")
    work: bytes = element[0].item()
    return work


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


@raising
def _open(path: bytes) -> Any:
    return open(local_path(path), "rb", _BUFFER)


def _not_negative(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 0:
            raise _invalid(f"{name} must be >= 0 not {size}")


# -- kinds -------------------------------------------------------------------------------------


class IdentityReader(Reader):
    """The work units themselves."""

    kind = "IdentityReader"
    single = True

    def open(self, work: bytes) -> Iterator[Record]:
        return iter([(work, work)])


class WholeFileReader(Reader):
    """Whole files, with their names as keys."""

    kind = "WholeFileReader"
    single = True

    def open(self, work: bytes) -> Iterator[Record]:
        with _open(work) as file:
            yield work, file.read()


class TextLineReader(Reader):
    """Lines without their ends ("\\n" or "\\r\\n"); keys are "file:line", counted from 1."""

    kind = "TextLineReader"

    def __init__(self, name: str, skip_header_lines: int) -> None:
        super().__init__(name)
        _not_negative(skip_header_lines=skip_header_lines)
        self._skip = skip_header_lines

    def open(self, work: bytes) -> Iterator[Record]:
        return self._lines(work, _open(work))

    def _lines(self, work: bytes, file: Any) -> Iterator[Record]:
        with file:
            for number, line in enumerate(file, 1):
                if number <= self._skip:
                    continue
                if line.endswith(b"\r\n"):
                    line = line[:-2]
                elif line.endswith(b"\n"):
                    line = line[:-1]
                yield b"%s:%d" % (work, number), line


class FixedLengthRecordReader(Reader):
    """Records of one length; keys are "file:number", counted from 0.

    A shorter rest before the footer is dropped.
    """

    kind = "FixedLengthRecordReader"

    def __init__(
        self, name: str, header: int, record: int, footer: int, hop: int, encoding: str
    ) -> None:
        super().__init__(name)
        _not_negative(header_bytes=header, record_bytes=record, footer_bytes=footer, hop_bytes=hop)
        self._header, self._record, self._footer = header, record, footer
        self._hop = hop or record
        self._bits = {"ZLIB": 15, "GZIP": 31}.get(encoding)

    def open(self, work: bytes) -> Iterator[Record]:
        stream: Any = _open(work)
        if self._bits is not None:
            stream = _Inflated(stream, self._bits)
        if len(stream.read(self._header)) < self._header:
            raise OutOfRangeError(None, None, "reached end of file")
        return self._cut(work, stream)

    def _cut(self, work: bytes, stream: Any) -> Iterator[Record]:
        size = self._record + self._footer
        window, number = stream.read(size), 0
        while len(window) == size:
            yield b"%s:%d" % (work, number), window[: self._record]
            skipped = max(0, self._hop - size)
            if len(stream.read(skipped)) < skipped:
                return
            window = window[self._hop :]
            window += stream.read(size - len(window))
            number += 1


class _Inflated:
    """The bytes of a compressed file."""

    def __init__(self, file: Any, bits: int) -> None:
        self._file, self._bits = file, bits
        self._inflate = zlib.decompressobj(bits)
        self._ready = b""

    def read(self, size: int) -> bytes:
        """`size` bytes; fewer at the end.

        Raises:
            DataLossError: the file is not compressed, or damaged.
        """
        while len(self._ready) < size:
            if self._inflate.eof:  # a gzip file may have several members
                rest, self._inflate = self._inflate.unused_data, zlib.decompressobj(self._bits)
            else:
                rest = self._inflate.unconsumed_tail
            rest = rest or self._file.read(_BUFFER)
            if not rest:
                break
            try:
                self._ready += self._inflate.decompress(rest, max(size, _BUFFER))
            except zlib.error as error:
                raise DataLossError(
                    None, None, f"{self._file.name}: inflate() failed: {error}"
                ) from error
        found, self._ready = self._ready[:size], self._ready[size:]
        return found


class TFRecordReader(Reader):
    """The records of TFRecord files; keys are "file:offset"."""

    kind = "TFRecordReader"

    def __init__(self, name: str, compression: str) -> None:
        super().__init__(name)
        self._compression = compression

    def open(self, work: bytes) -> Iterator[Record]:
        from tf1x.core.records import RecordReader

        return self._keyed(work, RecordReader(work, self._compression))

    def _keyed(self, work: bytes, records: Any) -> Iterator[Record]:
        offset = 0
        for record in records:
            yield b"%s:%d" % (work, offset), record
            offset = records.offset
