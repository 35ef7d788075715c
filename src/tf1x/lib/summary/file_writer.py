"""`tf.summary.FileWriter`: summaries, graphs and run metadata into event files."""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from typing import Any

from tf1x.core.graph import Graph
from tf1x.lib.summary.event_file import EventFileWriter

_CLOSED = (
    "Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter is "
    "explicitly reopened."
)


class FileWriter:
    """Writes summaries and graphs to a new event file in `logdir`, for TensorBoard.

    Args:
        logdir: the folder; made if it is not there.
        graph: a `Graph` (or a `GraphDef`) to write at once, as `add_graph` does.
        max_queue: how many events may wait before they are written.
        flush_secs: how many seconds they may wait.
        graph_def: the older way to give a graph.
        filename_suffix: put at the end of the file's name.
        session: accepted, without effect.

    Raises:
        FailedPreconditionError: `logdir` is a file.
        TypeError: `graph` is not a graph.
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        self.event_writer = EventFileWriter(logdir, max_queue, flush_secs, filename_suffix)
        self._closed = False
        self._seen_tags: set[str] = set()  # their metadata stands in the file
        self._run_tags: set[str] = set()
        if graph is not None or graph_def is not None:
            proto = self._add_graph(graph, graph_def, None)
            self.add_meta_graph(_meta_graph(proto))

    def get_logdir(self) -> str:
        """The folder."""
        return self.event_writer.get_logdir()

    # -- what is written -------------------------------------------------------------------------

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Append a summary.

        Args:
            summary: a `Summary`, or one serialized: what running a summary op gives.
            global_step: the step it belongs to.
        """
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event()
        if isinstance(summary, bytes):
            event.summary.ParseFromString(summary)
        else:
            event.summary.CopyFrom(summary)
        for value in event.summary.value:
            if value.tag in self._seen_tags:
                value.ClearField("metadata")
            elif value.HasField("metadata"):
                self._seen_tags.add(value.tag)
        self._add_event(event, global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Append a `SessionLog`: that a session started or stopped."""
        from tensorboard.compat.proto.event_pb2 import Event

        self._add_event(Event(session_log=session_log), global_step)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Append a graph, for TensorBoard's graph page.

        Raises:
            ValueError: both `graph` and `graph_def` are given.
            TypeError: neither is a `Graph` or `GraphDef`.
        """
        self._add_graph(graph, graph_def, global_step)

    def _add_graph(self, graph: Any, graph_def: Any, global_step: Any) -> Any:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.graph_pb2 import GraphDef

        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph if graph is not None else graph_def
        if isinstance(given, Graph):
            given = given.as_graph_def(add_shapes=True)
        elif isinstance(given, GraphDef):
            logging.getLogger("tensorflow").warning(
                "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object "
                "instead, such as `sess.graph`."
            )
        else:
            raise TypeError(
                "The passed graph must be an instance of `Graph` or the deprecated `GraphDef`"
            )
        self._add_event(Event(graph_def=given.SerializeToString()), global_step)
        return given

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Append a `MetaGraphDef`.

        Raises:
            TypeError: it is something else.
        """
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef

        if not isinstance(meta_graph_def, MetaGraphDef):
            raise TypeError(
                f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}"
            )
        self._add_event(Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Append the `RunMetadata` of one `Session.run` under a name of its own.

        Raises:
            ValueError: the name was used before.
        """
        from tensorboard.compat.proto.event_pb2 import Event, TaggedRunMetadata

        if tag in self._run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._run_tags.add(tag)
        tagged = TaggedRunMetadata(tag=tag, run_metadata=run_metadata.SerializeToString())
        self._add_event(Event(tagged_run_metadata=tagged), global_step)

    def add_event(self, event: Any) -> None:
        """Append an `Event` as it is."""
        if self._closed:
            warnings.warn(_CLOSED, stacklevel=2)
        self.event_writer.add_event(event)

    def _add_event(self, event: Any, step: Any) -> None:
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.add_event(event)

    # -- the file --------------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand all that was added to the operating system."""
        if self._closed:
            warnings.warn(_CLOSED, stacklevel=2)
        self.event_writer.flush()

    def close(self) -> None:
        """Flush and close the file; what is added from now on is dropped, with a warning."""
        self.event_writer.close()
        self._closed = True

    def reopen(self) -> None:
        """After `close`: go on in a new file."""
        self.event_writer.reopen()
        self._seen_tags.clear()
        self._closed = False

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


SummaryWriter = FileWriter


def _meta_graph(graph_def: Any) -> Any:
    from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef

    from tf1x.lib.platform import VERSION

    info = MetaGraphDef.MetaInfoDef(tensorflow_version=VERSION)
    return MetaGraphDef(meta_info_def=info, graph_def=graph_def)


class FileWriterCache:
    """One `FileWriter` for each folder."""

    _writers: dict[str, FileWriter] = {}
    _lock = threading.RLock()

    @classmethod
    def get(cls, logdir: Any) -> FileWriter:
        """The writer for a folder, made (with the default graph) at its first use."""
        from tf1x.core import scopes

        logdir = os.fspath(logdir)
        with cls._lock:
            if logdir not in cls._writers:
                cls._writers[logdir] = FileWriter(logdir, graph=scopes.get_default_graph())
            return cls._writers[logdir]

    @classmethod
    def clear(cls) -> None:
        """Close and forget all writers."""
        with cls._lock:
            for writer in cls._writers.values():
                writer.close()
            cls._writers.clear()


SummaryWriterCache = FileWriterCache
