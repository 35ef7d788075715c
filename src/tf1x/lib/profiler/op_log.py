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


def merge_default_op_log(
    graph: Graph | None, op_log: Any = None, run_meta: Any = None, add_trace: bool = True
) -> Any:
    """An `OpLog` with each op's float operations, and which are trainable variables.

    Args:
        op_log: entries of the program's own; they stay.
        run_meta: accepted: shapes are the graph's.
        add_trace: accepted: the lines of the program are not entered.
    """
    graph = graph or scopes.get_default_graph()
    entries = {entry.name: entry for entry in (op_log.log_entries if op_log else ())}
    made = OpLogProto()
    trainable = {v.op for v in graph.get_collection(scopes.GraphKeys.TRAINABLE_VARIABLES)}
    for op in graph.get_operations():
        operations = float_operations(op)
        own = entries.pop(op.name, None)
        if not operations and op not in trainable and own is None:
            continue
        entry = made.log_entries.add(name=op.name)
        if own is not None:
            entry.CopyFrom(own)
        if op in trainable and "_trainable_variables" not in entry.types:
            entry.types.append("_trainable_variables")
        if operations and not entry.float_ops:
            entry.float_ops = operations
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
