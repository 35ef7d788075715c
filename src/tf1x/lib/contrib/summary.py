"""`tf.contrib.summary`: summaries that are written where they are computed, by an op of their own.

Nothing is written outside of `with writer.as_default()`, nor unless recording is switched on
(`always_record_summaries`, `record_summaries_every_n_global_steps`). In graph mode the ops have to
be run: they are in `all_summary_ops()`, and `initialize()` opens the files.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int64, string, uint8
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor
from tf1x.lib.contrib import summary_ops
from tf1x.lib.train.training_util import get_or_create_global_step
from tf1x.ops import summary_functions
from tf1x.ops.array import identity, placeholder
from tf1x.ops.control_flow import smart_cond
from tf1x.ops.grouping import no_op
from tf1x.ops.math import Equal

_SUMMARIES = "_SUMMARY_V2"  # TensorFlow's names of the collections
_INIT = "_SUMMARY_WRITER_V2"

_GRAPH_LIMIT = 1 << 31


class _State(threading.local):
    writer: SummaryWriter | None = None
    should_record: Any = None


_state = _State()


class SummaryWriter:
    """Where summaries go; `create_file_writer` makes one."""

    def __init__(self, resource: Any, init_op: Callable[[], Any]) -> None:
        self._resource = resource
        self._init_op_fn = init_op
        if scopes.executing_eagerly() and resource is not None:
            init_op()

    def set_as_default(self) -> None:
        """Write to it from now on, in this thread."""
        _state.writer = self

    @contextmanager
    def as_default(self) -> Iterator[SummaryWriter]:
        """Within, summaries go to this writer."""
        before, _state.writer = _state.writer, self
        try:
            yield self
            if scopes.executing_eagerly():
                self.flush()
        finally:
            _state.writer = before

    def init(self) -> Any:
        """The op that opens the file."""
        return self._init_op_fn() if self._resource is not None else None

    def flush(self) -> Any:
        """An op that hands what was written to the operating system."""
        return None if self._resource is None else flush(self)

    def close(self) -> Any:
        """An op that flushes and closes the file."""
        if self._resource is None:
            return None
        with scopes.control_dependencies([o for o in [self.flush()] if o is not None]):
            return summary_ops.CloseSummaryWriter(writer=self._resource)


def create_file_writer(
    logdir: Any,
    max_queue: Any = None,
    flush_millis: Any = None,
    filename_suffix: Any = None,
    name: str | None = None,
) -> SummaryWriter:
    """A writer to a new event file in a folder.

    Args:
        logdir: None: a writer that writes nothing.
        max_queue: how many summaries may wait; 10 by default.
        flush_millis: how long they may wait; two minutes by default.
        filename_suffix: ".v2" by default.
        name: writers of one name share a file; by default those of one folder do, in a graph.
    """
    if logdir is None:
        return SummaryWriter(None, lambda: None)
    with scopes.device("cpu:0"):
        folder = convert.to_tensor(logdir, string)
        arguments = {
            "max_queue": 10 if max_queue is None else max_queue,
            "flush_millis": 120_000 if flush_millis is None else flush_millis,
            "filename_suffix": ".v2" if filename_suffix is None else filename_suffix,
        }
        if name is None:
            eagerly = scopes.executing_eagerly()
            name = f"logdir:{uuid.uuid4() if eagerly else logdir}"
        resource = summary_ops.SummaryWriter(shared_name=name)

        def init() -> Any:
            with scopes.device("cpu:0"):
                return summary_ops.CreateSummaryFileWriter(
                    writer=resource, logdir=folder, **arguments
                )

        if scopes.executing_eagerly():
            return SummaryWriter(resource, init)
        made = init()
        scopes.add_to_collection(_INIT, made)
        return SummaryWriter(resource, lambda: made)


create_summary_file_writer = create_file_writer


def summary_writer_initializer_op() -> list[Any]:
    """The ops that open the files of the graph's writers.

    Raises:
        RuntimeError: in eager mode, where they are open.
    """
    if scopes.executing_eagerly():
        raise RuntimeError("summary_writer_initializer_op is only supported in graph mode.")
    return scopes.get_collection(_INIT)


def initialize(graph: Any = None, session: Any = None) -> None:
    """Open the files of the graph's writers, and write a graph, if one is given.

    Raises:
        RuntimeError: there is no default writer.
        ValueError: there is no session.
    """
    if scopes.executing_eagerly():
        return
    if _state.writer is None:
        raise RuntimeError("No default tf.contrib.summary.SummaryWriter found")
    session = session or scopes.get_default_session()
    if session is None:
        raise ValueError("Argument `session must be passed if no default session exists")
    session.run(summary_writer_initializer_op())
    if graph is not None:
        data = _serialized(graph)
        content = placeholder(string)
        session.run(_write_graph(content, 0), feed_dict={content: data})


def _serialized(graph: Any) -> bytes:
    if isinstance(graph, Graph):
        graph = graph.as_graph_def(add_shapes=True)
    data: bytes = graph.SerializeToString()
    if len(data) >= _GRAPH_LIMIT:
        raise ValueError("A graph of 2 GB and more cannot be written")
    return data


# -- recording or not --------------------------------------------------------------------------


def should_record_summaries() -> Any:
    """Whether summaries are recorded here: a bool, or a tensor.

    Raises:
        RuntimeError: nobody has said so.
    """
    if _state.should_record is None:
        raise RuntimeError(
            "No condition for recording: use `with tf.contrib.summary.always_record_summaries():`."
        )
    return _recording()


def _recording() -> Any:
    condition = _state.should_record
    return condition() if callable(condition) else condition


@contextmanager
def _record_if(condition: Any) -> Iterator[None]:
    before, _state.should_record = _state.should_record, condition
    try:
        yield
    finally:
        _state.should_record = before


def always_record_summaries() -> Any:
    """Within, all summaries are recorded."""
    return _record_if(True)


def never_record_summaries() -> Any:
    """Within, no summary is recorded."""
    return _record_if(False)


def record_summaries_every_n_global_steps(n: int, global_step: Any = None) -> Any:
    """Within, summaries are recorded where the global step is a multiple of `n`."""
    step = get_or_create_global_step() if global_step is None else global_step

    def due() -> Any:
        with scopes.device("cpu:0"):
            return Equal(x=step % n, y=convert.to_tensor(0, step.dtype.base_dtype))

    return _record_if(due if scopes.executing_eagerly() else due())


# -- summaries ---------------------------------------------------------------------------------


def all_summary_ops() -> list[Any] | None:
    """The graph's summary ops; None in eager mode, where each has been run."""
    return None if scopes.executing_eagerly() else scopes.get_collection(_SUMMARIES)


def _step(step: Any) -> Tensor:
    return convert.to_tensor(get_or_create_global_step() if step is None else step, int64)


def _write(
    name: str, tensor: Any, write: Callable[[Any, str, str], Any], family: str | None
) -> Any:
    """Add a summary op, under a condition if it is known only when it runs."""
    writer = _state.writer
    if writer is None or writer._resource is None:
        return no_op()
    outer = scopes.get_default_graph().get_name_scope()

    def record() -> Any:
        with (
            scopes.name_scope(f"{outer}/" if outer else ""),
            summary_functions._scope(name, family, tensor) as (tag, scope),
        ):
            written = write(writer._resource, tag, scope)
            with scopes.control_dependencies([w for w in [written] if w is not None]):
                return convert.to_tensor(True)

    with scopes.device("cpu:0"):
        condition = False if _state.should_record is None else _recording()
        if scopes.executing_eagerly() and hasattr(condition, "numpy"):
            condition = bool(condition.numpy())
        result = smart_cond(condition, record, lambda: convert.to_tensor(False))
        if not scopes.executing_eagerly():
            scopes.add_to_collection(_SUMMARIES, result)
    return result


def scalar(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Write one number, for a step (by default the global step)."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        return summary_ops.WriteScalarSummary(
            writer, _step(step), tag, identity(tensor), name=scope
        )

    return _write(name, tensor, write, family)


def histogram(name: str, tensor: Any, family: str | None = None, step: Any = None) -> Any:
    """Write the distribution of a tensor's values."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        return summary_ops.WriteHistogramSummary(
            writer, _step(step), tag, identity(tensor), name=scope
        )

    return _write(name, tensor, write, family)


def image(
    name: str,
    tensor: Any,
    bad_color: Any = None,
    max_images: int = 3,
    family: str | None = None,
    step: Any = None,
) -> Any:
    """Write up to `max_images` of a batch of images; pixels that are not finite get `bad_color`."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        color = convert.to_tensor([255, 0, 0, 255] if bad_color is None else bad_color, uint8)
        return summary_ops.WriteImageSummary(
            writer, _step(step), tag, identity(tensor), color, max_images=max_images, name=scope
        )

    return _write(name, tensor, write, family)


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int,
    family: str | None = None,
    step: Any = None,
) -> Any:
    """Write up to `max_outputs` of a batch of clips; `sample_rate` is in hertz."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        rate = convert.to_tensor(sample_rate, float32)
        return summary_ops.WriteAudioSummary(
            writer, _step(step), tag, identity(tensor), rate, max_outputs=max_outputs, name=scope
        )

    return _write(name, tensor, write, family)


def generic(
    name: str, tensor: Any, metadata: Any = None, family: str | None = None, step: Any = None
) -> Any:
    """Write a tensor; `metadata` (a `SummaryMetadata`) says for which of TensorBoard's plugins."""

    def write(writer: Any, tag: str, scope: str) -> Any:
        data = metadata.SerializeToString() if hasattr(metadata, "SerializeToString") else metadata
        return summary_ops.WriteSummary(
            writer, _step(step), identity(tensor), tag, data or b"", name=scope
        )

    return _write(name, tensor, write, family)


def graph(param: Any, step: Any = None, name: str | None = None) -> Any:
    """Write a graph: a string tensor with a serialized GraphDef, or in eager mode a Graph.

    Raises:
        TypeError: a Graph in graph mode: `initialize(graph=...)` writes it.
    """
    if not scopes.executing_eagerly() and not isinstance(param, Tensor):
        raise TypeError(
            "graph() needs a argument `param` to be tf.Tensor (e.g. tf.placeholder) in graph mode, "
            f"but received param={param}. Give the graph to tf.contrib.summary.initialize."
        )
    if _state.writer is None or _state.writer._resource is None:
        return no_op()
    return _write_graph(param if isinstance(param, Tensor) else _serialized(param), step, name)


def _write_graph(content: Any, step: Any, name: str | None = None) -> Any:
    assert _state.writer is not None
    with scopes.device("cpu:0"):
        return summary_ops.WriteGraphSummary(
            _state.writer._resource, _step(step), content, name=name
        )


def import_event(tensor: Any, name: str | None = None) -> Any:
    """Write a serialized `Event` as it is."""
    assert _state.writer is not None, "no default writer"
    return summary_ops.ImportEvent(_state.writer._resource, tensor, name=name)


def flush(writer: Any = None, name: str | None = None) -> Any:
    """An op that hands what was written to the operating system."""
    writer = _state.writer if writer is None else writer
    resource = getattr(writer, "_resource", writer)
    if resource is None:
        return no_op()
    with scopes.device("cpu:0"):
        return summary_ops.FlushSummaryWriter(writer=resource, name=name)


def eval_dir(model_dir: str, name: str | None = None) -> str:
    """The folder of an evaluation's summaries, beside those of the training."""
    import os

    return os.path.join(model_dir, f"eval_{name}" if name else "eval")
