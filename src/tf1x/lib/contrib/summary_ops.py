"""The ops of `tf.contrib.summary`: a writer that lives in the session, and what is written to it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tf1x.core import graphdef
from tf1x.core.dtypes import REALS, DType, float32
from tf1x.core.errors import FailedPreconditionError, InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.lib.summary.event_file import EventFileWriter
from tf1x.ops import summary as _summaries
from tf1x.ops.resources import NAMES, Resource, expect, get_or_create
from tf1x.ops.shape_rules import nothing, scalar


class Writer(Resource):
    """What a `SummaryWriter` op makes: no file yet."""

    def __init__(self) -> None:
        self._file: EventFileWriter | None = None

    def open(self, logdir: Any, max_queue: int, flush_secs: float, suffix: str) -> None:
        """Have events written to a new file, unless there is one."""
        if self._file is None:
            self._file = EventFileWriter(logdir, max_queue, flush_secs, suffix)

    @property
    def file(self) -> EventFileWriter:
        """Where events go.

        Raises:
            FailedPreconditionError: nobody has opened it.
        """
        if self._file is None:
            raise FailedPreconditionError(
                None, None, "The summary writer is not open: run its init op first "
                "(tf.contrib.summary.initialize).",
            )  # fmt: skip
        return self._file

    def add(self, step: Any, **content: Any) -> None:
        """Append an event with a summary, a graph, ..."""
        from tensorboard.compat.proto.event_pb2 import Event

        self.file.add_event(Event(wall_time=time.time(), step=int(np.asarray(step)), **content))

    def close_resource(self) -> None:
        if self._file is not None:
            self._file.close()


def _add_summary(writer: Any, step: Any, summary: Any) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    data = np.asarray(summary).item()
    expect(writer, Writer).add(step, summary=Summary.FromString(data))


_WRITING: dict[str, Any] = {"shape": nothing, "grad": None, "host": True, "stateful": True}


@op("-> writer: resource", shape=scalar, grad=None, host=True, stateful=True, attrs=NAMES)
def SummaryWriter(*, op: Operation, session: Any) -> Any:
    """A writer; `CreateSummaryFileWriter` opens its file."""
    return get_or_create(session, op, Writer, Writer)


@op(
    "writer: resource, logdir: string, max_queue: int32, flush_millis: int32, "
    "filename_suffix: string -> ",
    **_WRITING,
)
def CreateSummaryFileWriter(
    writer: Any, logdir: Any, max_queue: Any, flush_millis: Any, filename_suffix: Any
) -> None:
    """Open a new event file in `logdir`; it is flushed after so many events or milliseconds."""
    folder, suffix = (np.asarray(x).item().decode() for x in (logdir, filename_suffix))
    seconds = int(flush_millis) / 1000
    expect(writer, Writer).open(folder, int(max_queue), seconds, suffix)


@op("writer: resource -> ", **_WRITING)
def FlushSummaryWriter(writer: Any) -> None:
    """Hand what was written to the operating system."""
    expect(writer, Writer).file.flush()


@op("writer: resource -> ", **_WRITING)
def CloseSummaryWriter(writer: Any) -> None:
    """Flush and close the file."""
    expect(writer, Writer).file.close()


@op("writer: resource, step: int64, tag: string, value: T -> ", T=REALS, **_WRITING)
def WriteScalarSummary(writer: Any, step: Any, tag: Any, value: Any) -> None:
    """Write one number."""
    _add_summary(writer, step, _summaries.ScalarSummary.opdef.lower(tag, value))


@op(
    "writer: resource, step: int64, tag: string, values: T -> ",
    T=(REALS, float32),
    **_WRITING,
)
def WriteHistogramSummary(writer: Any, step: Any, tag: Any, values: Any, *, op: Operation) -> None:
    """Write the distribution of some values."""
    _add_summary(writer, step, _summaries.HistogramSummary.opdef.lower(tag, values, op=op))


@op(
    "writer: resource, step: int64, tag: string, tensor: T, bad_color: uint8 -> ",
    T=(REALS, float32),
    **_WRITING,
)
def WriteImageSummary(
    writer: Any, step: Any, tag: Any, tensor: Any, bad_color: Any, *, max_images: int = 3
) -> None:
    """Write up to `max_images` images of a batch."""
    lower = _summaries.ImageSummary.opdef.lower
    _add_summary(writer, step, lower(tag, tensor, max_images=max_images, bad_color=bad_color))


@op(
    "writer: resource, step: int64, tag: string, tensor: float32, sample_rate: float32 -> ",
    **_WRITING,
)
def WriteAudioSummary(
    writer: Any, step: Any, tag: Any, tensor: Any, sample_rate: Any, *, max_outputs: int = 3
) -> None:
    """Write up to `max_outputs` clips of a batch."""
    lower = _summaries.AudioSummaryV2.opdef.lower
    _add_summary(writer, step, lower(tag, tensor, sample_rate, max_outputs=max_outputs))


@op(
    "writer: resource, step: int64, tensor: T, tag: string, summary_metadata: string -> ",
    **_WRITING,
)
def WriteSummary(
    writer: Any, step: Any, tensor: Any, tag: Any, summary_metadata: Any, *, T: DType
) -> None:
    """Write a tensor, with a `SummaryMetadata` that says for whom."""
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.summary_pb2 import Summary

    summary = Summary()
    value = summary.value.add(tag=np.asarray(tag).item().decode())
    value.tensor.CopyFrom(graphdef.make_tensor_proto(tensor, T))
    try:
        value.metadata.ParseFromString(np.asarray(summary_metadata).item())
    except DecodeError as error:
        raise InvalidArgumentError(None, None, "Could not parse the SummaryMetadata") from error
    expect(writer, Writer).add(step, summary=summary)


@op("writer: resource, step: int64, tensor: string -> ", **_WRITING)
def WriteGraphSummary(writer: Any, step: Any, tensor: Any) -> None:
    """Write a serialized `GraphDef`."""
    expect(writer, Writer).add(step, graph_def=np.asarray(tensor).item())


@op("writer: resource, event: string -> ", **_WRITING)
def ImportEvent(writer: Any, event: Any) -> None:
    """Write a serialized `Event` as it is."""
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        expect(writer, Writer).file.add_event(Event.FromString(np.asarray(event).item()))
    except DecodeError as error:
        raise InvalidArgumentError(None, None, "Could not parse the Event") from error
