"""`tf.contrib.tfprof.tfprof_logger`: what a profiler is to know of a graph's ops, in a file."""

from __future__ import annotations

import os
from typing import Any

from tensorboard.compat.proto.tfprof_log_pb2 import OpLogEntry as OpLogEntry
from tensorboard.compat.proto.tfprof_log_pb2 import OpLogProto as OpLogProto

from tf1x.core import scopes
from tf1x.core.files import replacing
from tf1x.core.graph import Graph
from tf1x.lib.profiler.flops import float_operations

OpLog = OpLogProto  # as it was called until 1.4


def logged_ops(
    graph: Graph | None,
    run_meta: Any = None,
    add_trace: bool = True,
    add_trainable_var: bool = True,
) -> dict[str, Any]:
    """Entries by op name: float operations, and which ops are trainable variables.

    Args:
        run_meta: accepted: shapes are the graph's.
        add_trace: accepted: the lines of the program are not entered.
    """
    graph = graph or scopes.get_default_graph()
    variables = graph.get_collection(scopes.GraphKeys.TRAINABLE_VARIABLES)
    trainable = {v.op for v in variables} if add_trainable_var else set()
    found = {}
    for op in graph.get_operations():
        operations = float_operations(op)
        if operations or op in trainable:
            found[op.name] = entry = OpLogEntry(name=op.name)
            if operations:
                entry.float_ops = operations
            if op in trainable:
                entry.types.append("_trainable_variables")
    return found


def merge_default_op_log(
    graph: Graph | None, op_log: Any = None, run_meta: Any = None, add_trace: bool = True
) -> Any:
    """An `OpLog` of `logged_ops`; entries of the program's own, in `op_log`, stay."""
    entries = {entry.name: entry for entry in (op_log.log_entries if op_log else ())}
    made = OpLogProto()
    for name, found in logged_ops(graph, run_meta, add_trace).items():
        entry = made.log_entries.add()
        entry.CopyFrom(entries.pop(name, found))
        entry.types.extend(t for t in found.types if t not in entry.types)
        entry.float_ops = entry.float_ops or found.float_ops
    for entry in entries.values():
        made.log_entries.add().CopyFrom(entry)
    return made


def write_op_log(
    graph: Graph | None,
    log_dir: Any,
    op_log: Any = None,
    run_meta: Any = None,
    add_trace: bool = True,
) -> None:
    """Write `merge_default_op_log` to the file `tfprof_log` in a folder."""
    made = merge_default_op_log(graph, op_log, run_meta, add_trace)
    os.makedirs(log_dir, exist_ok=True)
    with replacing(os.path.join(log_dir, "tfprof_log")) as file:
        file.write(made.SerializeToString())
