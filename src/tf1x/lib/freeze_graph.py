"""`tensorflow.python.tools.freeze_graph`: a graph file and a checkpoint as one frozen graph."""

from __future__ import annotations

import os
from typing import Any

from tf1x.core import scopes
from tf1x.core.files import local_path
from tf1x.core.graph import Graph
from tf1x.core.graph_import import import_graph_def
from tf1x.lib import graph_io, graph_util
from tf1x.lib.saved_model import loader
from tf1x.lib.train import meta_graph
from tf1x.runtime.session import Session


def freeze_graph(
    input_graph: str | None,
    input_saver: str | None,
    input_binary: bool,
    input_checkpoint: str | None,
    output_node_names: str,
    restore_op_name: str | None,
    filename_tensor_name: str | None,
    output_graph: str | None,
    clear_devices: bool,
    initializer_nodes: str,
    variable_names_whitelist: str = "",
    variable_names_blacklist: str = "",
    input_meta_graph: str | None = None,
    input_saved_model_dir: str | None = None,
    saved_model_tags: str = "serve",
    checkpoint_version: int = 2,
) -> Any:
    """Freeze a graph with the values of a checkpoint; returns the `GraphDef`.

    Args:
        input_graph: a file with a `GraphDef`; or `input_meta_graph`, or `input_saved_model_dir`.
        input_saver: a file with a `SaverDef`, by default none: all variables are restored by name.
        input_binary: whether these files are binary rather than text.
        input_checkpoint: the prefix of the checkpoint.
        output_node_names: names of nodes, with commas between them.
        output_graph: where to write the result, if anywhere.
        clear_devices: forget where ops belong.
        initializer_nodes: names of ops to run before, with commas between them.
        variable_names_whitelist, variable_names_blacklist: names of variables, with commas.
        restore_op_name, filename_tensor_name, checkpoint_version: accepted.

    Raises:
        ValueError: no output nodes.
        OSError: a file does not exist or cannot be parsed.
    """
    if not output_node_names:
        raise ValueError("You must supply the name of a node to --output_node_names.")
    with Graph().as_default() as graph, Session(graph=graph) as session:
        if input_saved_model_dir:
            loader.load(session, saved_model_tags.split(","), input_saved_model_dir)
        elif input_meta_graph:
            found = meta_graph.read_meta_graph_file(input_meta_graph)
            saver = meta_graph.import_meta_graph(found, clear_devices=clear_devices)
            saver.restore(session, input_checkpoint)
        else:
            _load(session, str(input_graph), input_saver, input_binary, str(input_checkpoint))
        if initializer_nodes:
            session.run(initializer_nodes.replace(" ", "").split(","))
        definition = graph.as_graph_def()
        if clear_devices:
            for node in definition.node:
                node.device = ""
        frozen = graph_util.convert_variables_to_constants(
            session,
            definition,
            output_node_names.replace(" ", "").split(","),
            _names(variable_names_whitelist),
            _names(variable_names_blacklist),
        )
    if output_graph:
        graph_io.write_proto(frozen, local_path(output_graph))
    return frozen


def _names(text: str) -> list[str] | None:
    return text.replace(" ", "").split(",") if text else None


def _load(
    session: Any, input_graph: str, input_saver: str | None, binary: bool, checkpoint: str
) -> None:
    """Import a `GraphDef` and restore its variables."""
    from tensorboard.compat.proto import graph_pb2, saver_pb2

    from tf1x import api

    saver_class = api.symbols().get("train.Saver") or api.missing("train.Saver")
    as_text = None if binary else True
    import_graph_def(graph_io.read_proto(input_graph, graph_pb2.GraphDef, as_text), name="")
    if input_saver:
        definition = graph_io.read_proto(input_saver, saver_pb2.SaverDef, as_text)
        saver_class(saver_def=definition).restore(session, checkpoint)
        return
    _restore_by_name(session, checkpoint)


def _restore_by_name(session: Any, checkpoint: str) -> None:
    from tf1x import api

    reader = api.missing("train.NewCheckpointReader")(os.fspath(checkpoint))
    known = reader.get_variable_to_shape_map()
    graph = scopes.get_default_graph()
    for op in graph.get_operations():
        if op.type in ("VariableV2", "Variable", "VarHandleOp") and op.name in known:
            assign = graph.get_operation_by_name(f"{op.name}/Assign")
            session.run(assign, {assign.inputs[1]: reader.get_tensor(op.name)})
