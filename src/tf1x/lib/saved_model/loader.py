"""Reading SavedModels: `tf.saved_model.loader.load`."""

from __future__ import annotations

import os
from typing import Any

from tf1x import api
from tf1x.core import errors, messages, scopes
from tf1x.core.files import local_path
from tf1x.lib import graph_io
from tf1x.lib.saved_model import constants
from tf1x.lib.train import meta_graph


def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder holds a SavedModel."""
    folder = local_path(export_dir)
    names = (constants.SAVED_MODEL_FILENAME_PB, constants.SAVED_MODEL_FILENAME_PBTXT)
    return any(os.path.exists(os.path.join(folder, name)) for name in names)


def parse_saved_model(export_dir: Any) -> Any:
    """The `SavedModel` message of a folder.

    Raises:
        OSError: the folder holds none, or one that cannot be parsed.
    """
    folder = local_path(export_dir)
    message = messages.SavedModel  # type: ignore[attr-defined]
    for name, as_text in (
        (constants.SAVED_MODEL_FILENAME_PB, False),
        (constants.SAVED_MODEL_FILENAME_PBTXT, True),
    ):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return graph_io.read_proto(path, message, as_text)
    raise OSError(
        f"SavedModel file does not exist at: {folder}/"
        f"{{{constants.SAVED_MODEL_FILENAME_PBTXT}|{constants.SAVED_MODEL_FILENAME_PB}}}"
    )


def choose(saved_model: Any, tags: Any, export_dir: str) -> Any:
    """The MetaGraph with exactly these tags.

    Raises:
        RuntimeError: there is none; the message tells which tags there are.
    """
    wanted = {tags} if isinstance(tags, str) else set(tags)
    for meta in saved_model.meta_graphs:
        if set(meta.meta_info_def.tags) == wanted:
            return meta
    present = [sorted(meta.meta_info_def.tags) for meta in saved_model.meta_graphs]
    raise RuntimeError(
        f"MetaGraphDef associated with tags {sorted(wanted)} could not be found in SavedModel "
        f"{export_dir}; it has {present}."
    )


def load(
    sess: Any,
    tags: Any,
    export_dir: Any,
    import_scope: str | None = None,
    **saver_kwargs: Any,
) -> Any:
    """Load a SavedModel's graph into a session's graph, restore its variables, run its main op.

    Args:
        tags: the tags of the graph that is wanted.
        import_scope: the name scope to import into.
        **saver_kwargs: `input_map` and others of `import_meta_graph`.

    Returns:
        The `MetaGraphDef`; its `signature_def` tells the names of inputs and outputs.

    Raises:
        OSError: the folder holds no SavedModel.
        RuntimeError: it has no graph with these tags.
    """
    folder = local_path(export_dir)
    meta = choose(parse_saved_model(folder), tags, folder)
    with sess.graph.as_default():
        saver, _ = meta_graph.import_meta_graph(
            meta, import_scope=import_scope, return_elements=[], **saver_kwargs
        )
        if saver is not None:
            path = os.path.join(folder, constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME)
            if os.path.exists(f"{path}.index") or not _is_empty(meta):
                saver.restore(sess, path)
        assets = _assets(meta, folder, import_scope)
        op = _init_op(meta, import_scope)
        if op is not None:
            sess.run(op, feed_dict=assets)
    return meta


def _is_empty(meta: Any) -> bool:
    """Whether the graph has no variables to restore."""
    return not any(node.op.startswith("Restore") for node in meta.graph_def.node)


def _assets(meta: Any, folder: str, import_scope: str | None) -> dict[Any, Any]:
    """The tensors that hold names of files, and those names as they are now."""
    from tensorboard.compat.proto import meta_graph_pb2

    assets = list(meta.asset_file_def)
    if not assets and constants.ASSETS_KEY in meta.collection_def:
        values = meta.collection_def[constants.ASSETS_KEY].any_list.value
        assets = [meta_graph_pb2.AssetFileDef.FromString(value.value) for value in values]
    found = {}
    for asset in assets:
        name = os.path.basename(asset.filename)
        if name != asset.filename:
            raise errors.InvalidArgumentError(
                None, None, f"A file of the SavedModel is named {asset.filename!r}, outside of it."
            )
        tensor = scopes.prepend_name_scope(asset.tensor_info.name, import_scope)
        path = os.path.join(folder, constants.ASSETS_DIRECTORY, name)
        found[scopes.get_default_graph().get_tensor_by_name(tensor)] = path
    return found


def _init_op(meta: Any, import_scope: str | None) -> Any:
    """The op to run after loading, or None."""
    graph = scopes.get_default_graph()
    if constants.INIT_OP_SIGNATURE_KEY in meta.signature_def:
        signature = meta.signature_def[constants.INIT_OP_SIGNATURE_KEY]
        names = [info.name for info in signature.outputs.values()]
    else:
        names = []
        for key in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
            if key in meta.collection_def:
                names += meta.collection_def[key].node_list.value
    if len(names) > 1:
        raise RuntimeError(f"Expected exactly one SavedModel init op, found: {names}")
    if not names:
        return None
    return graph.as_graph_element(scopes.prepend_name_scope(names[0], import_scope))


class SavedModelLoader:
    """The graphs of a SavedModel, read once (`tf.saved_model.loader.SavedModelLoader`)."""

    def __init__(self, export_dir: Any) -> None:
        self._export_dir = local_path(export_dir)
        self._saved_model = parse_saved_model(export_dir)

    @property
    def export_dir(self) -> str:
        return self._export_dir

    @property
    def variables_path(self) -> str:
        """The prefix of the checkpoint."""
        return os.path.join(
            self._export_dir, constants.VARIABLES_DIRECTORY, constants.VARIABLES_FILENAME
        )

    @property
    def saved_model(self) -> Any:
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags: Any) -> Any:
        """The MetaGraph with exactly these tags."""
        return choose(self._saved_model, tags, self._export_dir)

    def load(
        self, sess: Any, tags: Any, import_scope: str | None = None, **saver_kwargs: Any
    ) -> Any:
        """See `tf.saved_model.loader.load`."""
        return load(sess, tags, self._export_dir, import_scope, **saver_kwargs)


def main_op() -> Any:
    """An op that initialises all variables and tables (`tf.saved_model.main_op.main_op`)."""
    from tf1x.ops.grouping import group

    return group(_public("global_variables_initializer")(), _later())


def main_op_with_restore(restore_op_name: str) -> Any:
    """`main_op`, after the op `restore_op_name` has run."""
    from tf1x.ops.grouping import group

    with scopes.control_dependencies([main_op()]):
        return group(scopes.get_default_graph().get_operation_by_name(restore_op_name), _later())


def _later() -> Any:
    from tf1x.ops.grouping import group

    return group(_public("local_variables_initializer")(), _public("tables_initializer")())


def _public(name: str) -> Any:
    return api.symbols().get(name) or api.missing(name)
