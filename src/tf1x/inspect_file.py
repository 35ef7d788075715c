"""`tf1x inspect FILE`: what is in a checkpoint, graph, SavedModel, event or record file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tf1x.core import errors, messages, opdef
from tf1x.core.checkpoints.reading import open_checkpoint
from tf1x.core.control_flow_v1_contexts import HANDLED
from tf1x.core.dtypes import as_dtype
from tf1x.core.files import local_path, os_error
from tf1x.core.graphdef import make_ndarray
from tf1x.core.op_protos import op_types
from tf1x.core.records import read_records
from tf1x.lib import graph_io
from tf1x.lib.saved_model import constants, loader

Lines = Iterator[str]

_TABLE_MAGIC = bytes.fromhex("57fb808b247547db")  # the end of a V1 checkpoint and of an index
# Ops that come with each variable and loop, whether anything takes them or not.
_PLUMBING = frozenset(
    {
        "Assign",
        "AssignVariableOp",
        "Const",
        "Exit",
        "Identity",
        "ReadVariableOp",
        "VarIsInitializedOp",
    }
)
_MOST = 40  # rows of a list before it is cut


def describe(path: str, name: str | None = None) -> Lines:
    """Lines that tell what a file or folder holds.

    Args:
        name: of a tensor of a checkpoint, or of a node of a graph: tells all of that instead.

    Raises:
        OpError: there is no such file, or it is damaged or of no known kind.
    """
    path = local_path(path).rstrip("/")
    try:
        yield from _kind(path)(path, name)
    except OSError as error:
        if error.errno:
            raise os_error(error) from error
        raise errors.DataLossError(None, None, str(error)) from error


def _kind(path: str) -> Callable[[str, str | None], Lines]:
    """The function for the kind of file that `path` is."""
    base = os.path.basename(path)
    if os.path.isdir(path):
        return _saved_model if loader.maybe_saved_model_directory(path) else _folder
    if not os.path.exists(path):
        if os.path.exists(f"{path}.index"):
            return _checkpoint
        raise errors.NotFoundError(None, None, f"{path}: there is no such file or checkpoint.")
    if base == "checkpoint":
        return _checkpoint_state
    if base in (constants.SAVED_MODEL_FILENAME_PB, constants.SAVED_MODEL_FILENAME_PBTXT):
        return lambda p, name: _saved_model(os.path.dirname(p) or ".", name)
    with open(path, "rb") as file:
        start = file.read(12)
        file.seek(-min(8, os.path.getsize(path)), os.SEEK_END)
        end = file.read(8)
    if end == _TABLE_MAGIC or ".data-" in base:
        return lambda p, name: _checkpoint(_prefix(p), name)
    if "tfevents" in base:
        return _events
    if start[:2] in (b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda") or _is_record(start):
        return _records
    return _graph_file


def _prefix(path: str) -> str:
    for mark in (".index", ".data-"):
        head, found, _ = path.rpartition(mark)
        if found and os.path.exists(f"{head}.index"):
            return head
    return path


def _is_record(start: bytes) -> bool:
    from tf1x.core.records import masked_crc

    return len(start) == 12 and int.from_bytes(start[8:], "little") == masked_crc(start[:8])


# -- text ----------------------------------------------------------------------------------------


def _table(rows: Iterable[tuple[Any, ...]], indent: str = "  ") -> Lines:
    """Rows in columns, cut after `_MOST`."""
    texts = [tuple(str(cell) for cell in row) for row in rows]
    shown = texts[:_MOST]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
    if len(texts) > _MOST:
        yield f"{indent}... and {len(texts) - _MOST} more"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _size(number: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1024  # type: ignore[assignment]
    return f"{number:,.1f} GiB"


def _dtype(number: int) -> str:
    try:
        return as_dtype(number).name
    except (TypeError, ValueError, KeyError):
        return f"type {number}"


def _shape(proto: Any) -> str:
    return "?" if proto.unknown_rank else str([d.size if d.size >= 0 else "?" for d in proto.dim]).replace("'", "")  # fmt: skip


# -- folders and checkpoints ---------------------------------------------------------------------


def _folder(path: str, name: str | None) -> Lines:
    names = sorted(os.listdir(path))
    prefixes = [n.removesuffix(".index") for n in names if n.endswith(".index")]
    events = [n for n in names if "tfevents" in n]
    yield f"{path}: a folder with {_count(len(prefixes), 'checkpoint')} and {_count(len(events), 'event file')}"
    yield from _table([(os.path.join(path, n),) for n in [*prefixes, *events]])


def _checkpoint_state(path: str, name: str | None) -> Lines:
    message = messages.CheckpointState  # type: ignore[attr-defined]
    state = graph_io.read_proto(path, message, as_text=True)
    yield f"{path}: the latest checkpoint is {state.model_checkpoint_path}"
    yield from _table([(p,) for p in state.all_model_checkpoint_paths])


def _checkpoint(path: str, name: str | None) -> Lines:
    with open_checkpoint(path) as reader:
        names = reader.names()
        if name is not None:
            if name not in names:
                raise errors.NotFoundError(None, None, f"{path}: there is no tensor {name!r}.")
            value = reader.read(name)
            yield f"{name}: {reader.dtype(name).name} {list(value.shape)}"
            yield np.array2string(value, threshold=200)
            return
        rows = [(n, reader.dtype(n).name, list(reader.shape(n))) for n in names]
    values = sum(int(np.prod(shape, dtype=np.int64)) for _, _, shape in rows)
    yield f"{path}: a checkpoint of {_count(len(rows), 'tensor')}, {_count(values, 'value')}"
    yield from _table(rows)


# -- graphs --------------------------------------------------------------------------------------


def _graph_file(path: str, name: str | None) -> Lines:
    from tensorboard.compat.proto import graph_pb2, meta_graph_pb2

    found: list[tuple[int, Any]] = []
    for message in (meta_graph_pb2.MetaGraphDef, graph_pb2.GraphDef):
        try:
            made: Any = graph_io.read_proto(path, message)
        except OSError:
            continue
        graph = made.graph_def if hasattr(made, "graph_def") else made
        if all(node.name and node.op for node in graph.node):
            found.append((len(graph.node), made))
    if not found or not max(found, key=lambda item: item[0])[0]:
        raise errors.DataLossError(
            None,
            None,
            f"{path}: neither a checkpoint, graph, MetaGraph, SavedModel, event nor record file, or "
            "a damaged one.",
        )
    made = max(found, key=lambda item: item[0])[1]
    if hasattr(made, "graph_def"):
        yield f"{path}: a MetaGraph"
        yield from _meta_graph(made, name)
    else:
        yield f"{path}: a GraphDef"
        yield from _graph(made, name)


def _graph(graph_def: Any, name: str | None, indent: str = "  ") -> Lines:
    nodes = {node.name: node for node in graph_def.node}
    if name is not None:
        if name not in nodes:
            raise errors.NotFoundError(None, None, f"There is no node {name!r}.")
        yield str(nodes[name]).rstrip()
        return
    types = Counter(node.op for node in graph_def.node)
    functions = len(graph_def.library.function)
    made_by = f"GraphDef version {graph_def.versions.producer}"
    yield f"{indent}{_count(len(nodes), 'node')}, {_count(functions, 'function')}, {made_by}"
    inputs = [n for n in graph_def.node if n.op in ("Placeholder", "PlaceholderWithDefault")]
    yield from _section("inputs", [(n.name, _dtype(n.attr["dtype"].type), _shape(n.attr["shape"].shape)) for n in inputs], indent)  # fmt: skip
    variables = [n for n in graph_def.node if n.op in ("VariableV2", "Variable", "VarHandleOp")]
    yield from _section("variables", [(n.name, _dtype(n.attr["dtype"].type), _shape(n.attr["shape"].shape)) for n in variables], indent)  # fmt: skip
    taken = {i.lstrip("^").partition(":")[0] for n in graph_def.node for i in n.input}
    ends = [(n.name, n.op) for n in graph_def.node if n.name not in taken and n.op not in _PLUMBING]
    yield from _section("ends", ends, indent)
    rows = [(op, count) for op, count in types.most_common()]
    yield from _section("ops", rows, indent)
    missing = [
        op for op in op_types(graph_def) if op not in HANDLED and not opdef.is_registered(op)
    ]
    if missing:
        yield f"{indent}ops that tf1x does not have: {', '.join(missing)}"


def _section(title: str, rows: list[tuple[Any, ...]], indent: str) -> Lines:
    if rows:
        yield f"{indent}{title} ({len(rows)}):"
        yield from _table(rows, indent + "  ")


def _meta_graph(meta: Any, name: str | None) -> Lines:
    if name is None:
        info = meta.meta_info_def
        yield f"  written by TensorFlow {info.tensorflow_version or '?'}, tags: {', '.join(sorted(info.tags)) or 'none'}"
        for key in sorted(meta.signature_def):
            signature = meta.signature_def[key]
            yield f"  signature {key!r} ({signature.method_name or 'no method'}):"
            for what, infos in (("takes", signature.inputs), ("gives", signature.outputs)):
                rows = [(what, n, _tensor_info(infos[n]), _dtype(infos[n].dtype), _shape(infos[n].tensor_shape)) for n in sorted(infos)]  # fmt: skip
                yield from _table(rows, "    ")
        collections = meta.collection_def
        rows = []
        for key in sorted(collections):
            kind = collections[key].WhichOneof("kind")
            size = len(getattr(collections[key], kind).value) if kind else 0
            rows.append((key, kind or "empty", size))
        yield from _section("collections", rows, "  ")
    yield from _graph(meta.graph_def, name)


def _tensor_info(info: Any) -> str:
    if info.WhichOneof("encoding") == "coo_sparse":
        return f"sparse {info.coo_sparse.values_tensor_name}"
    return str(info.name)


def _saved_model(path: str, name: str | None) -> Lines:
    found = loader.parse_saved_model(path)
    yield f"{path}: a SavedModel of {_count(len(found.meta_graphs), 'graph')}"
    for meta in found.meta_graphs:
        yield from _meta_graph(meta, name)
    prefix = os.path.join(path, constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME)
    if name is None and os.path.exists(f"{prefix}.index"):
        yield from _checkpoint(prefix, None)


# -- records and events --------------------------------------------------------------------------


def _records(path: str, name: str | None) -> Lines:
    with open(path, "rb") as file:
        start = file.read(2)
    compression = "" if start[0] not in (0x1F, 0x78) else "GZIP" if start[0] == 0x1F else "ZLIB"
    if not compression or _is_record_compressed(path, compression):
        first, count, total = None, 0, 0
        for record in read_records(path, compression):
            if first is None:
                first = record
            count, total = count + 1, total + len(record)
        if first is not None and b"brain.Event:" in first[:64]:
            yield from _events(path, name)
            return
        packed = f", {compression}" if compression else ""
        yield f"{path}: {_count(count, 'record')}, {_size(total)}{packed}"
        yield from _example(first)
        return
    yield from _graph_file(path, name)


def _is_record_compressed(path: str, compression: str) -> bool:
    try:
        next(iter(read_records(path, compression)), None)
    except errors.OpError:
        return False
    return True


def _example(record: bytes | None) -> Lines:
    """The features of a record that is an Example or SequenceExample."""
    from google.protobuf.message import DecodeError

    if record is None:
        return
    example = messages.Example()  # type: ignore[attr-defined]
    try:
        example.ParseFromString(record)
    except DecodeError:
        return
    features = example.features.feature
    rows = []
    for key in sorted(features):
        kind = features[key].WhichOneof("kind")
        values = getattr(features[key], kind).value if kind else ()
        rows.append((key, kind or "empty", _count(len(values), "value"), _sample(values)))
    yield from _section("the first is an Example with the features", rows, "  ")


def _sample(values: Any) -> str:
    text = ", ".join(
        f"{len(v)} bytes" if isinstance(v, bytes) and len(v) > 20 else repr(v) for v in values[:4]
    )
    return f"{text}, ..." if len(values) > 4 else text


def _events(path: str, name: str | None) -> Lines:
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto import event_pb2

    kinds: Counter[str] = Counter()
    tags: dict[str, list[Any]] = {}
    steps: list[int] = []
    for record in read_records(path):
        try:
            event = event_pb2.Event.FromString(record)
        except DecodeError as error:
            raise errors.DataLossError(
                None, None, f"{path}: a record is no event: {error}"
            ) from None
        kinds[event.WhichOneof("what") or "empty"] += 1
        if event.WhichOneof("what") == "summary":
            steps.append(event.step)
            for value in event.summary.value:
                kind = value.WhichOneof("value") or "empty"
                row = tags.setdefault(value.tag, [kind, 0, event.step, ""])
                row[1:] = [row[1] + 1, event.step, _value(value, kind)]
    total = sum(kinds.values())
    between = f", steps {min(steps)} to {max(steps)}" if steps else ""
    yield f"{path}: an event file of {_count(total, 'event')}{between}"
    yield from _section("events", sorted(kinds.items()), "  ")
    rows = [
        (t, k, _count(n, "value"), f"last at {s}", v) for t, (k, n, s, v) in sorted(tags.items())
    ]
    yield from _section("tags", rows, "  ")


def _value(value: Any, kind: str) -> str:
    if kind == "simple_value":
        return f"{value.simple_value:g}"
    if kind == "tensor" and not value.tensor.tensor_shape.dim:
        try:
            return str(make_ndarray(value.tensor).item())
        except (TypeError, ValueError):
            return ""
    if kind == "image":
        return f"{value.image.height} x {value.image.width}"
    return ""


def run(path: str, name: str | None = None) -> int:
    """The command: prints, or says what is wrong; returns the exit status."""
    import sys

    try:
        for line in describe(path, name):
            print(line)
    except errors.OpError as error:
        print(f"tf1x: {error.message}", file=sys.stderr)
        return 1
    return 0
