"""MetaGraphs: a graph with its collections, saver and signatures, written and read.

`Saver` and `SavedModelBuilder` write them; `tf.train.import_meta_graph` brings one back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tf1x import api
from tf1x.core import graph_import, opdef, scopes
from tf1x.core.graph import Graph
from tf1x.core.graphdef import attr_to_proto
from tf1x.core.op_protos import op_list
from tf1x.core.scopes import GraphKeys, prepend_name_scope, strip_name_scope
from tf1x.lib import graph_io, logging, variable_protos

_UNBOUND = "$unbound_inputs_"
_UNBOUND_COLLECTION = "unbound_inputs"
_SAVER_OPS = frozenset(
    f"{prefix}{kind}"
    for kind in ("SaveV2", "Save", "SaveSlice", "RestoreV2", "Restore", "RestoreSlice")
    for prefix in ("", "Legacy")
)

# -- collections of objects with a message of their own ------------------------------------------

ToProto = Callable[..., Any]
_registered: dict[str, tuple[Any, ToProto | None, Callable[..., Any] | None]] = {}


def register_proto_function(
    collection_name: str,
    proto_type: Any = None,
    to_proto: Callable[..., Any] | None = None,
    from_proto: Callable[..., Any] | None = None,
) -> None:
    """Say how the items of a collection are written to and read from MetaGraphs.

    Args:
        proto_type: the message class of an item.
        to_proto: an item and `export_scope=` to its message (None: left out).
        from_proto: a message and `import_scope=` to the item.
    """
    if to_proto and not callable(to_proto):
        raise TypeError("to_proto must be callable.")
    if from_proto and not callable(from_proto):
        raise TypeError("from_proto must be callable.")
    _registered[collection_name] = (proto_type, to_proto, from_proto)


def get_collection_proto_type(collection_name: str) -> Any:
    """The message class registered for a collection, or None."""
    return _functions(collection_name)[0]


def get_to_proto_function(collection_name: str) -> Callable[..., Any] | None:
    """The function registered for writing the items of a collection, or None."""
    return _functions(collection_name)[1]


def get_from_proto_function(collection_name: str) -> Callable[..., Any] | None:
    """The function registered for reading the items of a collection, or None."""
    return _functions(collection_name)[2]


_VARIABLES = frozenset((*GraphKeys._VARIABLE_COLLECTIONS, GraphKeys.GLOBAL_STEP))
_CONTEXTS = (GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT)


def _functions(key: str) -> tuple[Any, Any, Any]:
    if key in _registered:
        return _registered[key]
    if key in _VARIABLES:
        from tensorboard.compat.proto import variable_pb2

        return variable_pb2.VariableDef, variable_protos.to_proto, variable_protos.from_proto
    if key == GraphKeys.QUEUE_RUNNERS:
        from tf1x.core import messages

        return messages.QueueRunnerDef, _own_proto, _from_class("train.QueueRunner")  # type: ignore[attr-defined]
    if key == GraphKeys.SAVERS:
        from tensorboard.compat.proto import saver_pb2

        return saver_pb2.SaverDef, _own_proto, _from_class("train.Saver")
    return None, None, None


def _own_proto(item: Any, export_scope: str | None = None) -> Any:
    return item.to_proto(export_scope=export_scope)


def _from_class(name: str) -> Callable[..., Any]:
    def from_proto(proto: Any, import_scope: str | None = None) -> Any:
        kind = api.symbols().get(name) or api.missing(name)
        return kind.from_proto(proto, import_scope=import_scope)

    return from_proto


# -- writing -------------------------------------------------------------------------------------


def add_collection_def(
    meta_graph_def: Any,
    key: str,
    graph: Graph | None = None,
    export_scope: str | None = None,
    exclude_nodes: Any = None,
    override_contents: Any = None,
) -> None:
    """Put a collection into a `MetaGraphDef`; one that has no form there is left out, with a warning."""
    if not isinstance(key, (str, bytes)) or str(key).startswith("__"):
        return
    graph = graph or scopes.get_default_graph()
    items = graph.get_collection(key) if override_contents is None else override_contents
    items = [x for x in items if _included(x, export_scope, exclude_nodes)]
    if not items or key in _CONTEXTS:
        return
    collection = meta_graph_def.collection_def[key]
    try:
        _fill_collection(collection, key, items, export_scope)
    except Exception as error:  # whatever a collection may hold
        del meta_graph_def.collection_def[key]
        logging.warning(
            "The collection %r is not written to the MetaGraph: %s: %s",
            key, type(error).__name__, error,
        )  # fmt: skip


def _fill_collection(collection: Any, key: str, items: list[Any], scope: str | None) -> None:
    to_proto = get_to_proto_function(key)
    first = items[0]
    if to_proto is not None:
        for item in items:
            proto = to_proto(item, export_scope=scope)
            if proto is not None:
                collection.bytes_list.value.append(proto.SerializeToString(deterministic=True))
    elif isinstance(first, (str, bytes)):
        collection.bytes_list.value.extend(x.encode() if isinstance(x, str) else x for x in items)
    elif isinstance(first, int):
        collection.int64_list.value.extend(items)
    elif isinstance(first, float):
        collection.float_list.value.extend(items)
    elif getattr(getattr(first, "DESCRIPTOR", None), "full_name", "") == "google.protobuf.Any":
        collection.any_list.value.extend(items)
    else:
        names = [x.name for x in items if not scope or x.name.startswith(scope)]
        collection.node_list.value.extend(strip_name_scope(name, scope) for name in names)


def _included(item: Any, export_scope: str | None, exclude_nodes: Any) -> bool:
    name = item if isinstance(item, str) else getattr(item, "name", None)
    if not isinstance(name, str):
        return True
    if exclude_nodes and name in exclude_nodes:
        return False
    return name.startswith((_UNBOUND, export_scope or ""))


def create_meta_graph_def(
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: list[str] | None = None,
    graph: Graph | None = None,
    export_scope: str | None = None,
    exclude_nodes: Any = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
) -> Any:
    """A `MetaGraphDef` of a graph; see `export_meta_graph`."""
    from tensorboard.compat.proto import meta_graph_pb2

    from tf1x.lib.platform import GIT_VERSION, VERSION

    graph = graph or scopes.get_default_graph()
    made = meta_graph_pb2.MetaGraphDef()
    info = made.meta_info_def
    if meta_info_def is not None:
        info.MergeFrom(meta_info_def)
    info.tensorflow_version = VERSION
    info.tensorflow_git_version = GIT_VERSION
    made.graph_def.CopyFrom(graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def)
    if not info.stripped_op_list.op:
        info.stripped_op_list.CopyFrom(op_list(made.graph_def))
    if strip_default_attrs:
        strip_graph_default_valued_attrs(made)
    if saver_def is not None:
        made.saver_def.CopyFrom(saver_def)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    for key in keys:
        only = None
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            only = [_functions(key)[2](saver_def)]
        add_collection_def(made, key, graph, export_scope, exclude_nodes, only)
    return made


def strip_graph_default_valued_attrs(meta_graph_def: Any) -> None:
    """Take the attributes that have their default value out of a MetaGraph's nodes."""
    graph_def = meta_graph_def.graph_def
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    for node in nodes:
        if not opdef.is_registered(node.op):
            continue
        definition = opdef.get(node.op)
        defaults = {a.name: a.default for a in definition.attrs.values() if not a.required}
        for name, default in defaults.items():
            if default is not None and name in node.attr and node.attr[name] == attr_to_proto(default):  # fmt: skip
                del node.attr[name]
    meta_graph_def.meta_info_def.stripped_default_attrs = True


def export_scoped_meta_graph(
    filename: Any = None,
    graph_def: Any = None,
    graph: Graph | None = None,
    export_scope: str | None = None,
    as_text: bool = False,
    unbound_inputs_col_name: str | None = _UNBOUND_COLLECTION,
    clear_devices: bool = False,
    saver_def: Any = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> tuple[Any, dict[str, Any]]:
    """`export_meta_graph` that also returns the exported variables by name.

    Args:
        unbound_inputs_col_name: the collection to note the names of tensors in that come from
            outside of `export_scope`.
    """
    graph = graph or scopes.get_default_graph()
    exclude: set[str] = set()
    if export_scope or clear_extraneous_savers or clear_devices:
        whole = graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def
        if clear_extraneous_savers:
            exclude = _extraneous_saver_nodes(whole, saver_def)
        graph_def, unbound = _part(whole, export_scope, exclude, clear_devices)
        if unbound_inputs_col_name:
            graph.clear_collection(unbound_inputs_col_name)
            for name in unbound:
                graph.add_to_collection(unbound_inputs_col_name, name)
    var_list = {
        strip_name_scope(v.name, export_scope): v
        for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=export_scope)
        if _included(v, export_scope, exclude)
    }
    made = create_meta_graph_def(
        graph_def=graph_def,
        graph=graph,
        export_scope=export_scope,
        exclude_nodes=exclude,
        clear_extraneous_savers=clear_extraneous_savers,
        saver_def=saver_def,
        strip_default_attrs=strip_default_attrs,
        **kwargs,
    )
    if filename:
        graph_io.write_proto(made, graph_io.local_path(filename), as_text)
    return made, var_list


def _part(
    whole: Any, scope: str | None, exclude: set[str], clear_devices: bool
) -> tuple[Any, list[str]]:
    """The nodes of a `GraphDef` in a scope, and the names of inputs from outside."""
    from tensorboard.compat.proto import graph_pb2

    found = graph_pb2.GraphDef(versions=whole.versions, library=whole.library)
    unbound: list[str] = []
    for node in whole.node:
        if not _included(node.name, scope, exclude):
            continue
        copy = found.node.add()
        copy.CopyFrom(node)
        copy.name = strip_name_scope(node.name, scope)
        for i, name in enumerate(node.input):
            if scope and not name.lstrip("^").startswith(scope):
                control = "^" if name.startswith("^") else ""
                copy.input[i] = f"{control}{_UNBOUND}{name.lstrip('^')}"
                unbound.append(copy.input[i])
            else:
                copy.input[i] = strip_name_scope(name, scope)
        if "_class" in node.attr and scope:
            kept = [s.decode() for s in node.attr["_class"].list.s]
            kept = [s for s in kept if s.partition("@")[2].startswith(scope)]
            copy.attr["_class"].list.s[:] = [strip_name_scope(s, scope).encode() for s in kept]
        if node.op in ("Enter", "RefEnter") and scope:
            frame = node.attr["frame_name"].s.decode()
            copy.attr["frame_name"].s = strip_name_scope(frame, scope).encode()
        if clear_devices:
            copy.device = ""
    return found, unbound


def _extraneous_saver_nodes(graph_def: Any, saver_def: Any) -> set[str]:
    """Nodes in the name scopes of savers other than the one of `saver_def`."""

    def scope(name: str) -> str:
        return name.lstrip("^").rpartition(":")[0].rpartition("/")[0] + "/"

    kept = set()
    if saver_def is not None:
        kept = {scope(f"{saver_def.save_tensor_name}:"), scope(f"{saver_def.restore_op_name}:")}
    savers = {scope(f"{n.name}:") for n in graph_def.node if n.op in _SAVER_OPS} - kept - {"/"}
    return {n.name for n in graph_def.node if n.name.startswith(tuple(savers))}


def export_meta_graph(
    filename: Any = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: list[str] | None = None,
    as_text: bool = False,
    graph: Graph | None = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
) -> Any:
    """A graph with its collections as a `MetaGraphDef` (`tf.train.export_meta_graph`).

    Args:
        filename: where to write it, too.
        graph_def: the nodes, by default those of `graph`.
        saver_def: the `SaverDef` to put in.
        collection_list: names of the collections to write, by default all.
        as_text: write protobuf's text form.
        graph: by default the default graph.
        export_scope: only what is in this name scope; the scope is taken off the names.
        clear_devices: leave out where ops belong.
        clear_extraneous_savers: leave out the ops of other savers than `saver_def`.
        strip_default_attrs: leave out attributes that have their default value.
        save_debug_info: accepted; tf1x writes no such file.
    """
    made, _ = export_scoped_meta_graph(
        filename=filename,
        graph_def=graph_def,
        graph=graph,
        export_scope=export_scope,
        as_text=as_text,
        clear_devices=clear_devices,
        saver_def=saver_def,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        meta_info_def=meta_info_def,
        collection_list=collection_list,
    )
    return made


# -- reading -------------------------------------------------------------------------------------


def read_meta_graph_file(filename: Any) -> Any:
    """The `MetaGraphDef` in a file, binary or text.

    Raises:
        OSError: there is no such file, or it holds no MetaGraph.
    """
    from tensorboard.compat.proto import meta_graph_pb2

    return graph_io.read_proto(filename, meta_graph_pb2.MetaGraphDef)


def import_scoped_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Graph | None = None,
    import_scope: str | None = None,
    input_map: dict[str, Any] | None = None,
    unbound_inputs_col_name: str | None = _UNBOUND_COLLECTION,
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
) -> dict[str, Any]:
    """Add a MetaGraph's nodes and collections to a graph; returns the variables by name.

    Args:
        meta_graph_or_file: a `MetaGraphDef` or the name of a file that holds one.
        clear_devices: forget where ops belong.
        import_scope: the name scope to import into.
        input_map: tensors that replace those of the MetaGraph, by name.
        restore_collections_predicate: which collections to restore, by name.

    Raises:
        ValueError: inputs from outside that `input_map` does not give, or nodes that do not fit.
        UnsupportedError: ops that tf1x does not have; the message names every one.
    """
    return import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, graph, import_scope, input_map,
        unbound_inputs_col_name, restore_collections_predicate,
    )[0]  # fmt: skip


def import_scoped_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Graph | None = None,
    import_scope: str | None = None,
    input_map: dict[str, Any] | None = None,
    unbound_inputs_col_name: str | None = _UNBOUND_COLLECTION,
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
    return_elements: list[str] | None = None,
) -> tuple[dict[str, Any], list[Any] | None]:
    """`import_scoped_meta_graph` that also returns ops and tensors by name."""
    meta = meta_graph(meta_graph_or_file)
    _check_unbound(meta, unbound_inputs_col_name, input_map)
    graph = graph or scopes.get_default_graph()
    with graph.as_default():
        graph_def = meta.graph_def
        if clear_devices:
            graph_def = type(graph_def).FromString(graph_def.SerializeToString())
            for node in graph_def.node:
                node.device = ""
        scope = graph.unique_name(import_scope or "", mark_as_used=False)
        elements = graph_import.import_graph_def(
            graph_def,
            name=import_scope or scope,
            input_map=input_map,
            return_elements=return_elements,
            producer_op_list=meta.meta_info_def.stripped_op_list,
        )
        for key in _sorted_keys(meta):
            if key != unbound_inputs_col_name and restore_collections_predicate(key):
                _restore_collection(graph, meta, key, scope)
        found = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)
        return {strip_name_scope(v.name, scope): v for v in found}, elements


def meta_graph(meta_graph_or_file: Any) -> Any:
    """A `MetaGraphDef`, read if it is the name of a file."""
    if hasattr(meta_graph_or_file, "graph_def"):
        return meta_graph_or_file
    return read_meta_graph_file(meta_graph_or_file)


def _check_unbound(meta: Any, key: str | None, input_map: dict[str, Any] | None) -> None:
    if not key or key not in meta.collection_def:
        return
    names = [v.decode() for v in meta.collection_def[key].bytes_list.value]
    if names and sorted(names) != sorted(input_map or {}):
        missing = ",".join(n for n in names if n not in (input_map or {}))
        raise ValueError(
            f"Graph contains unbound inputs: {missing}. Must provide these inputs through input_map."
        )


def _sorted_keys(meta: Any) -> list[str]:
    """Trainable variables first: the objects that the other collections share are made there."""
    first = GraphKeys.TRAINABLE_VARIABLES
    return sorted(meta.collection_def, key=lambda key: (key != first, key))


def _restore_collection(graph: Graph, meta: Any, key: str, scope: str) -> None:
    collection = meta.collection_def[key]
    kind = collection.WhichOneof("kind")
    if kind is None or key in _CONTEXTS:
        return
    from google.protobuf.message import DecodeError

    proto_type, _, from_proto = _functions(key)
    if from_proto is not None and kind == "bytes_list":
        shared: dict[str, Any] = {}
        if key in _VARIABLES:
            known = [v for k in _VARIABLES for v in graph.get_collection(k)]
            shared = {v.name: v for v in known if hasattr(v, "initializer")}
        for value in collection.bytes_list.value:
            try:
                proto = proto_type.FromString(value)
            except DecodeError as error:
                raise ValueError(f"The collection {key!r} is damaged: {error}") from error
            name = prepend_name_scope(getattr(proto, "variable_name", ""), scope)
            item = shared.get(name)
            if item is None:
                if key in _VARIABLES and _before_1_9(meta):
                    proto.trainable = key == GraphKeys.TRAINABLE_VARIABLES
                item = from_proto(proto, import_scope=scope)
            graph.add_to_collection(key, item)
        return
    for value in getattr(collection, kind).value:
        if kind == "node_list":
            value = graph.as_graph_element(prepend_name_scope(value, scope))
        elif kind == "bytes_list":
            value = _scoped_bytes(value, scope)
        graph.add_to_collection(key, value)


def _scoped_bytes(value: bytes, scope: str) -> bytes:
    """TensorFlow takes strings in collections for names of ops."""
    return prepend_name_scope(value.decode("latin1"), scope).encode("latin1") if scope else value


def _before_1_9(meta: Any) -> bool:
    """Versions before 1.9 did not note whether a variable is trainable."""
    match = re.match(r"(\d+)\.(\d+)", meta.meta_info_def.tensorflow_version)
    return bool(match) and tuple(map(int, match.groups())) < (1, 9)


def copy_scoped_meta_graph(
    from_scope: str, to_scope: str, from_graph: Graph | None = None, to_graph: Graph | None = None
) -> dict[str, Any]:
    """Copy what is in a name scope into another one, or into another graph.

    Raises:
        ValueError: both are the same.
    """
    from_graph = from_graph or scopes.get_default_graph()
    to_graph = to_graph or scopes.get_default_graph()
    if from_graph is to_graph and from_scope == to_scope:
        raise ValueError("'from_scope' and 'to_scope' need to be different in the same graph.")
    meta, _ = export_scoped_meta_graph(export_scope=from_scope, graph=from_graph)
    return import_scoped_meta_graph(meta, graph=to_graph, import_scope=to_scope)


def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    **kwargs: Any,
) -> Any:
    """Recreate the graph of a `.meta` file (or `MetaGraphDef`) with its collections.

    Args:
        clear_devices: forget where ops belong.
        import_scope: the name scope to import into.
        **kwargs: `input_map` and others of `import_scoped_meta_graph`; `return_elements`.

    Returns:
        The `Saver` that the MetaGraph describes, or one of all imported variables; None where
        there are none. With `return_elements`, the saver and those ops and tensors.

    Example:
        >>> saver = tf.train.import_meta_graph("model-1000.meta")
        >>> saver.restore(sess, "model-1000")
    """
    wants_elements = "return_elements" in kwargs
    meta = meta_graph(meta_graph_or_file)
    found, elements = import_scoped_meta_graph_with_return_elements(
        meta, clear_devices=clear_devices, import_scope=import_scope, **kwargs
    )
    saver = _saver(meta, import_scope, found)
    return (saver, elements) if wants_elements else saver


def _saver(meta: Any, import_scope: str | None, imported: dict[str, Any]) -> Any:
    kind = api.symbols().get("train.Saver") or api.missing("train.Saver")
    if meta.HasField("saver_def"):
        scope = import_scope
        names = next(iter(sorted(imported)), None)
        if names is not None:  # the scope as it was made unique
            scope = imported[names].name[: -len(names) - 1] or None
        _check_saver(meta.saver_def, scope)
        return kind(saver_def=meta.saver_def, name=scope)
    return kind() if imported else None


def _check_saver(saver_def: Any, scope: str | None) -> None:
    """Raise ValueError where a `SaverDef` names what is not in the graph."""
    element = scopes.get_default_graph().as_graph_element
    tensors = (saver_def.filename_tensor_name, saver_def.save_tensor_name)
    for name, is_tensor in (*((t, True) for t in tensors), (saver_def.restore_op_name, False)):
        try:
            element(prepend_name_scope(name, scope), is_tensor, not is_tensor)
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"The saver of the MetaGraph names {name!r}, which its graph does not have: {error}"
            ) from error
