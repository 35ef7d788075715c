"""Writing and reading event files: record files of `Event` messages.

The first event of a file names its format; the others hold a time, a step, and a summary, a graph,
or another message each.
"""

from __future__ import annotations

import atexit
import itertools
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

from tf1x.core.errors import DataLossError, FailedPreconditionError, OpError
from tf1x.core.files import local_path, raising
from tf1x.core.records import RecordReader, RecordWriter

_VERSION = "brain.Event:2"


class EventFileWriter:
    """Writes events to a new file in a folder; the file is made for the first event.

    What is written reaches the file after `max_queue` events, `flush_secs` seconds (on a timer's
    thread), by `flush` and `close`, and when the process ends.

    Raises:
        FailedPreconditionError: `logdir` is a file.
    """

    def __init__(
        self,
        logdir: Any,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str | None = None,
    ) -> None:
        self._logdir = local_path(logdir)
        self._make_folder()
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        self._suffix = filename_suffix or ""
        self._lock = threading.RLock()
        self._writer: RecordWriter | None = None
        self._waiting = 0
        self._timer: threading.Timer | None = None
        self._closed = False
        _at_exit.add(self)

    @raising
    def _make_folder(self) -> None:
        if os.path.exists(self._logdir) and not os.path.isdir(self._logdir):
            raise FailedPreconditionError(None, None, f"{self._logdir} is not a directory")
        os.makedirs(self._logdir, exist_ok=True)

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    def add_event(self, event: Any) -> None:
        """Append an `Event`; nothing happens when the writer is closed."""
        data = event.SerializeToString()
        with self._lock:
            if self._closed:
                return
            if self._writer is None:
                self._writer = self._open()
            self._writer.write(data)
            self._waiting += 1
            if self._waiting >= self._max_queue:
                self.flush()
            elif self._timer is None:
                self._timer = threading.Timer(self._flush_secs, self._flush_later)
                self._timer.daemon = True
                self._timer.start()

    @raising
    def _open(self) -> RecordWriter:
        from tensorboard.compat.proto.event_pb2 import Event

        now = time.time()
        for second in itertools.count(int(now)):
            name = f"events.out.tfevents.{second:010d}.{socket.gethostname()}{self._suffix}"
            path = os.path.join(self._logdir, name)
            try:  # two writers of one second and folder: each has a file of its own
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                break
            except FileExistsError:
                continue
        writer = RecordWriter(path)
        writer.write(Event(wall_time=now, file_version=_VERSION).SerializeToString())
        return writer

    def _flush_later(self) -> None:
        try:
            self.flush()
        except OpError:  # what could not be written stays, and the next call raises the error
            with self._lock:
                self._timer = None

    def flush(self) -> None:
        """Hand all events to the operating system.

        Raises:
            ResourceExhaustedError (and kin): they cannot be written.
        """
        with self._lock:
            if self._writer is not None and not self._closed:
                self._writer.flush()
            self._waiting = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def close(self) -> None:
        """Flush and close the file."""
        with self._lock:
            self.flush()
            self._closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            _at_exit.discard(self)

    def reopen(self) -> None:
        """After `close`: go on in a new file."""
        with self._lock:
            self._closed = False
            _at_exit.add(self)


_at_exit: weakref.WeakSet[EventFileWriter] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for writer in list(_at_exit):
        writer.flush()


def summary_iterator(path: Any) -> Iterator[Any]:
    """The `Event` messages of an event file, in order.

    Raises:
        NotFoundError (and kin): the file cannot be read.
        DataLossError: it is damaged, or its last event is cut off; the message says where.
    """
    return _events(RecordReader(path))


def _events(reader: RecordReader) -> Iterator[Any]:
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    start = 0
    for data in reader:
        try:
            event = Event.FromString(data)
        except DecodeError as error:
            reader.close()
            raise DataLossError(
                None, None, f"{reader.path}: the record at {start} is not an Event"
            ) from error
        start = reader.offset
        yield event
