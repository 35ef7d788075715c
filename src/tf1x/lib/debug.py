"""`tensorflow.python.debug` (tfdbg): all tensors of a run, checked or written to files.

There is no terminal interface and no debugger plugin. A wrapped session (or a hook) runs what it is
asked for and fetches beside it every tensor that the run computes: `LocalCLI...` applies the filters
that were added and prints what the first one finds, `Dumping...` writes the tensors to files, in
TensorFlow's layout, which `DebugDumpDir` reads.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tf1x.core import dtypes
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook
from tf1x.runtime import feeds
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.plan import Plan

_DEVICE = "_tfdbg_device_,job_localhost,replica_0,task_0,device_CPU_0"
_DEBUG_OP = "DebugIdentity"
_FILE_NAME = re.compile(rf"^(.*)_(\d+)_{_DEBUG_OP}_(\d+)$")

Filter = Callable[[Any, Any], bool]


def has_inf_or_nan(datum: Any, tensor: Any) -> bool:
    """Whether a tensor of floating or complex numbers has one that is not finite."""
    array = np.asarray(tensor)
    return bool(array.dtype.kind in "fc" and not np.isfinite(array).all())


class DebugTensorDatum:
    """A tensor of one run.

    Attributes:
        node_name, output_slot, debug_op, tensor_name, watch_key: which one.
        timestamp: microseconds; in the order in which the run computes them.
        shape, dtype: of the value.
        file_path: where it is written, or None.
    """

    def __init__(
        self, node_name: str, output_slot: int, timestamp: int, value: Any, file_path: Any = None
    ) -> None:
        self.node_name, self.output_slot, self.timestamp = node_name, output_slot, timestamp
        self.debug_op = _DEBUG_OP
        self.tensor_name = f"{node_name}:{output_slot}"
        self.watch_key = f"{self.tensor_name}:{_DEBUG_OP}"
        self.file_path = file_path
        self._value = np.asarray(value)

    def get_tensor(self) -> Any:
        return self._value

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @property
    def dtype(self) -> Any:
        return self._value.dtype

    def __repr__(self) -> str:
        return f"{{DebugTensorDatum {self.watch_key} @ {self.timestamp}}}"


class WatchOptions:
    """Which tensors to watch: regular expressions on names, op types and dtypes (None for all)."""

    def __init__(
        self,
        debug_ops: Any = None,
        node_name_regex_whitelist: str | None = None,
        op_type_regex_whitelist: str | None = None,
        tensor_dtype_regex_whitelist: str | None = None,
        tolerate_debug_op_creation_failures: bool = False,
    ) -> None:
        self.debug_ops = debug_ops or [_DEBUG_OP]
        self.node_name_regex_whitelist = node_name_regex_whitelist
        self.op_type_regex_whitelist = op_type_regex_whitelist
        self.tensor_dtype_regex_whitelist = tensor_dtype_regex_whitelist
        self.tolerate_debug_op_creation_failures = tolerate_debug_op_creation_failures

    def wants(self, tensor: Tensor) -> bool:
        pairs = (
            (self.node_name_regex_whitelist, tensor.op.name),
            (self.op_type_regex_whitelist, tensor.op.type),
            (self.tensor_dtype_regex_whitelist, tensor.dtype.name),
        )
        return all(pattern is None or re.match(pattern, text) for pattern, text in pairs)


def _watched(graph: Any, fetches: Any, feed_dict: Any, options: WatchOptions) -> list[Tensor]:
    """The tensors that a run computes, in its order."""
    elements = Fetches(graph, fetches).elements
    given = feeds.resolve(graph, feed_dict).tensors
    return [
        tensor
        for op in Plan(elements, given).ops
        for tensor in op.outputs
        if tensor.dtype.base_dtype not in (dtypes.resource, dtypes.variant)
        and not tensor.dtype._is_ref_dtype
        and graph.is_fetchable(tensor)
        and options.wants(tensor)
    ]


def _data(tensors: list[Tensor], values: list[Any]) -> list[DebugTensorDatum]:
    start = time.time_ns() // 1000
    return [
        DebugTensorDatum(t.op.name, t.value_index, start + i, v)
        for i, (t, v) in enumerate(zip(tensors, values, strict=True))
    ]


# -- filters ---------------------------------------------------------------------------------------


class _Filters:
    """Filters by name; the first tensors that each finds are reported, once."""

    def __init__(self) -> None:
        self._filters: dict[str, Filter] = {}
        self._reported: set[str] = set()
        self._runs = 0

    def add_tensor_filter(self, filter_name: str, tensor_filter: Filter) -> None:
        """Call `tensor_filter(datum, value)` for each tensor of each run, and report the first hits."""
        self._filters[filter_name] = tensor_filter

    def _check(self, graph: Any, data: list[DebugTensorDatum]) -> None:
        self._runs += 1
        if not self._filters and self._runs == 1:
            print(
                "tfdbg: tf1x has no terminal interface. Add a filter (session.add_tensor_filter("
                '"has_inf_or_nan", tf_debug.has_inf_or_nan)), and what it finds is printed; or use '
                "DumpingDebugWrapperSession.",
                file=sys.stderr,
            )
        for name, wanted in self._filters.items():
            if name in self._reported:
                continue
            hits = [datum for datum in data if wanted(datum, datum.get_tensor())]
            if hits:
                self._reported.add(name)
                print(_report(graph, name, self._runs, hits), file=sys.stderr)


def _report(graph: Any, name: str, run: int, hits: list[DebugTensorDatum]) -> str:
    lines = [f"tfdbg: {len(hits)} tensors of run {run} passed the filter {name}; the first ones:"]
    for datum in hits[:10]:
        value = datum.get_tensor()
        line = f"  {datum.tensor_name}  {value.dtype} {list(value.shape)}"
        if value.dtype.kind in "fc":
            line += f"  nan: {np.isnan(value).sum()}, inf: {np.isinf(value).sum()}"
        lines.append(line)
    op = graph.get_operation_by_name(hits[0].node_name)
    inputs = ", ".join(t.name for t in op.inputs) or "none"
    lines.append(f"{op.name} ({op.type}) has the inputs {inputs}.")
    if op.traceback:
        lines.append(f"Defined at {op.traceback[0]}")
    return "\n".join(lines)


# -- sessions --------------------------------------------------------------------------------------


class BaseDebugWrapperSession:
    """A session whose runs are watched; for everything else it is the session itself."""

    def __init__(self, sess: Any) -> None:
        self._sess = sess

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sess, name)

    def __enter__(self) -> Any:
        self._sess.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> Any:
        return self._sess.__exit__(*exc_info)

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """As the session's, watched."""
        graph = self._sess.graph
        tensors = _watched(graph, fetches, feed_dict, self._options(fetches, feed_dict))
        result, values = self._sess.run([fetches, tensors], feed_dict, options, run_metadata)
        self._seen(graph, _data(tensors, values))
        return result

    def _options(self, fetches: Any, feed_dict: Any) -> WatchOptions:
        return WatchOptions()

    def _seen(self, graph: Any, data: list[DebugTensorDatum]) -> None:
        raise NotImplementedError


class LocalCLIDebugWrapperSession(BaseDebugWrapperSession, _Filters):
    """A session that reports what filters find.

    Args:
        sess: the session. The others are accepted: there is no interface.
    """

    def __init__(
        self,
        sess: Any,
        dump_root: Any = None,
        log_usage: bool = True,
        ui_type: str = "curses",
        thread_name_filter: Any = None,
        config_file_path: Any = None,
    ) -> None:
        BaseDebugWrapperSession.__init__(self, sess)
        _Filters.__init__(self)

    def _seen(self, graph: Any, data: list[DebugTensorDatum]) -> None:
        self._check(graph, data)


def _dumped(root: Any, data: list[DebugTensorDatum]) -> str:
    """Write tensors into a new folder; returns it."""
    from tensorboard.compat.proto.event_pb2 import Event

    from tf1x.core.graphdef import make_tensor_proto

    run = os.path.join(os.fsdecode(root), f"run_{time.time_ns() // 1000}")
    for datum in data:
        event = Event(wall_time=datum.timestamp / 1e6)
        event.summary.value.add(
            node_name=datum.watch_key, tag=datum.node_name, tensor=make_tensor_proto(datum.get_tensor())
        )  # fmt: skip
        name = f"{datum.node_name}_{datum.output_slot}_{_DEBUG_OP}_{datum.timestamp}"
        path = os.path.join(run, _DEVICE, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(event.SerializeToString())
    return run


class _Watch:
    """What `watch_fn=` chooses."""

    def __init__(self, watch_fn: Any) -> None:
        self._watch_fn = watch_fn

    def _options(self, fetches: Any, feed_dict: Any) -> WatchOptions:
        found = self._watch_fn(fetches, feed_dict) if self._watch_fn else None
        return found if isinstance(found, WatchOptions) else WatchOptions()


class DumpingDebugWrapperSession(_Watch, BaseDebugWrapperSession):
    """A session that writes the tensors of each run into a folder of its own.

    Args:
        session_root: where the folders are made.
        watch_fn: (fetches, feeds) to `WatchOptions`.
    """

    def __init__(
        self,
        sess: Any,
        session_root: Any,
        watch_fn: Any = None,
        thread_name_filter: Any = None,
        pass_through_operrors: Any = None,
        log_usage: bool = True,
    ) -> None:
        BaseDebugWrapperSession.__init__(self, sess)
        _Watch.__init__(self, watch_fn)
        self._root = session_root

    def _seen(self, graph: Any, data: list[DebugTensorDatum]) -> None:
        _dumped(self._root, data)


# -- hooks -----------------------------------------------------------------------------------------


class _DebugHook(SessionRunHook):
    """Watches the runs of a monitored session."""

    _tensors: list[Tensor]

    def before_run(self, run_context: Any) -> Any:
        asked = run_context.original_args
        self._graph = run_context.session.graph
        options = self._options(asked.fetches, asked.feed_dict)
        self._tensors = _watched(self._graph, asked.fetches, asked.feed_dict, options)
        return SessionRunArgs(self._tensors)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._seen(self._graph, _data(self._tensors, run_values.results))

    _options = BaseDebugWrapperSession._options
    _seen = BaseDebugWrapperSession._seen


class LocalCLIDebugHook(_DebugHook, _Filters):
    """A hook that reports what filters find; its arguments are accepted."""

    def __init__(
        self,
        ui_type: str = "curses",
        dump_root: Any = None,
        thread_name_filter: Any = None,
        config_file_path: Any = None,
    ) -> None:
        _Filters.__init__(self)

    def _seen(self, graph: Any, data: list[DebugTensorDatum]) -> None:
        self._check(graph, data)


class DumpingDebugHook(_Watch, _DebugHook):
    """A hook that writes the tensors of each run; see `DumpingDebugWrapperSession`."""

    def __init__(
        self,
        session_root: Any,
        watch_fn: Any = None,
        thread_name_filter: Any = None,
        log_usage: bool = True,
    ) -> None:
        _Watch.__init__(self, watch_fn)
        self._root = session_root

    def _seen(self, graph: Any, data: list[DebugTensorDatum]) -> None:
        _dumped(self._root, data)


# -- what was written ------------------------------------------------------------------------------


class DebugDumpDir:
    """The tensors in a folder that a run was written to.

    Raises:
        OSError: there is no such folder.
    """

    def __init__(self, dump_root: Any, partition_graphs: Any = None, validate: bool = True) -> None:
        self._root = os.fsdecode(dump_root)
        if not os.path.isdir(self._root):
            raise OSError(f"Dump root directory {self._root} does not exist")
        self._data = sorted(self._read(), key=lambda datum: datum.timestamp)

    def _read(self) -> Iterator[DebugTensorDatum]:
        from tensorboard.compat.proto.event_pb2 import Event

        from tf1x.core.graphdef import make_ndarray

        base = os.path.join(self._root, _DEVICE)
        for folder, _, names in os.walk(base):
            for name in names:
                path = os.path.join(folder, name)
                found = _FILE_NAME.match(os.path.relpath(path, base).replace(os.sep, "/"))
                if found is None:
                    continue
                with open(path, "rb") as file:
                    event = Event.FromString(file.read())
                value = make_ndarray(event.summary.value[0].tensor)
                node, slot, timestamp = found.groups()
                yield DebugTensorDatum(node, int(slot), int(timestamp), value, path)

    @property
    def dumped_tensor_data(self) -> list[DebugTensorDatum]:
        """All, in the order of the run."""
        return self._data

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def t0(self) -> int | None:
        """The first time stamp, in microseconds."""
        return self._data[0].timestamp if self._data else None

    def nodes(self, device_name: Any = None) -> list[str]:
        return list(dict.fromkeys(datum.node_name for datum in self._data))

    def find(
        self, predicate: Filter, first_n: int = 0, device_name: Any = None,
        exclude_node_names: str | None = None,
    ) -> list[DebugTensorDatum]:  # fmt: skip
        """Those for which `predicate(datum, value)`, the first `first_n` or all (0)."""
        left_out = re.compile(exclude_node_names) if exclude_node_names else None
        found = [
            datum
            for datum in self._data
            if not (left_out and left_out.match(datum.node_name))
            and predicate(datum, datum.get_tensor())
        ]
        return found[:first_n] if first_n > 0 else found

    def get_tensors(
        self, node_name: str, output_slot: int, debug_op: str = _DEBUG_OP, device_name: Any = None
    ) -> list[Any]:
        """The values of a tensor.

        Raises:
            KeyError: it is not there.
        """
        found = [
            datum.get_tensor()
            for datum in self._data
            if (datum.node_name, datum.output_slot) == (node_name, output_slot)
        ]
        if not found or debug_op != _DEBUG_OP:
            raise KeyError(f"{node_name}:{output_slot}:{debug_op} is not in {self._root}")
        return found


# -- what there is not -----------------------------------------------------------------------------


def _refused(name: str) -> Any:
    class Refused:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise UnsupportedError(
                f"tfdbg's {name}: tf1x has no debugger server and no debug ops. Use "
                "LocalCLIDebugWrapperSession with add_tensor_filter, or "
                "DumpingDebugWrapperSession and DebugDumpDir."
            )

    Refused.__name__ = Refused.__qualname__ = name
    return Refused


TensorBoardDebugWrapperSession = _refused("TensorBoardDebugWrapperSession")
TensorBoardDebugHook = _refused("TensorBoardDebugHook")
GrpcDebugWrapperSession = _refused("GrpcDebugWrapperSession")
GrpcDebugHook = _refused("GrpcDebugHook")
watch_graph = watch_graph_with_blacklists = add_debug_tensor_watch = _refused("watch_graph")
