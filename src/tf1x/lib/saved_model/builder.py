"""Writing SavedModels: `SavedModelBuilder` and `simple_save`."""

from __future__ import annotations

import os
import shutil
from typing import Any

from tf1x import api
from tf1x.core import messages, scopes
from tf1x.core.files import local_path, raising
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.static import constant_value
from tf1x.lib import graph_io
from tf1x.lib.saved_model import constants, signature_constants, signatures, tag_constants

_ASSET_TYPE = "type.googleapis.com/tensorflow.AssetFileDef"


class SavedModelBuilder:
    """Writes graphs, their variables and files to a folder that must be new or empty.

    Example:
        >>> builder = tf.saved_model.builder.SavedModelBuilder("export/1")
        >>> builder.add_meta_graph_and_variables(sess, [tf.saved_model.tag_constants.SERVING],
        ...                                      signature_def_map={"serving_default": signature})
        >>> builder.save()
    """

    @raising
    def __init__(self, export_dir: Any) -> None:
        self._export_dir = local_path(export_dir)
        self._saved_model = messages.SavedModel(  # type: ignore[attr-defined]
            saved_model_schema_version=constants.SAVED_MODEL_SCHEMA_VERSION
        )
        self._has_saved_variables = False
        if os.path.exists(self._export_dir) and os.listdir(self._export_dir):
            raise AssertionError(
                f"Export directory {self._export_dir} already exists, and isn't empty. Please choose "
                "a different export directory, or delete all the contents of the specified directory."
            )
        os.makedirs(self._export_dir, exist_ok=True)

    def add_meta_graph_and_variables(
        self,
        sess: Any,
        tags: Any,
        signature_def_map: dict[str, Any] | None = None,
        assets_collection: Any = None,
        legacy_init_op: Any = None,
        clear_devices: bool = False,
        main_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Any = None,
        train_op: Any = None,
        assets_list: Any = None,
        init_op: Any = None,
    ) -> None:
        """Add the session's graph, and write its variables. To be called once, first.

        Args:
            tags: names that tell this graph from others of the model.
            signature_def_map: `SignatureDef`s by name.
            assets_collection: string tensors that hold names of files, which are copied.
            main_op: an op to run when the model is loaded; `init_op` and `legacy_init_op` too.
            clear_devices: leave out where ops belong.
            strip_default_attrs: leave out attributes that have their default value.
            saver: by default a sharded one of all variables.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke "
                "`add_meta_graph()` instead."
            )
        with sess.graph.as_default():
            _check_signatures(signature_def_map or {})
            self._add_collections(assets_collection or assets_list, main_op or init_op, legacy_init_op, train_op)  # fmt: skip
            folder = os.path.join(self._export_dir, constants.VARIABLES_DIRECTORY)
            os.makedirs(folder, exist_ok=True)
            saver = saver or _new_saver()
            saver.save(
                sess,
                os.path.join(folder, constants.VARIABLES_FILENAME),
                write_meta_graph=False,
                write_state=False,
            )
            self._add(saver, clear_devices, strip_default_attrs, tags, signature_def_map)
        self._has_saved_variables = True

    def add_meta_graph(
        self,
        tags: Any,
        signature_def_map: dict[str, Any] | None = None,
        assets_collection: Any = None,
        legacy_init_op: Any = None,
        clear_devices: bool = False,
        main_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Any = None,
        train_op: Any = None,
        assets_list: Any = None,
        init_op: Any = None,
    ) -> None:
        """Add the default graph, which shares the variables written before."""
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        _check_signatures(signature_def_map or {})
        self._add_collections(assets_collection or assets_list, main_op or init_op, legacy_init_op, train_op)  # fmt: skip
        saver = saver or _new_saver()
        self._add(saver, clear_devices, strip_default_attrs, tags, signature_def_map)

    def _add(
        self, saver: Any, clear_devices: bool, strip: bool, tags: Any, signature_map: Any
    ) -> None:
        made = saver.export_meta_graph(clear_devices=clear_devices, strip_default_attrs=strip)
        made.meta_info_def.tags.extend(tags)
        for key, signature in (signature_map or {}).items():
            made.signature_def[key].CopyFrom(signature)
        self._saved_model.meta_graphs.add().CopyFrom(made)

    def _add_collections(
        self, assets: Any, main_op: Any, legacy_init_op: Any, train_op: Any
    ) -> None:
        self._add_assets(assets or [])
        graph = scopes.get_default_graph()
        for op, key in (
            (legacy_init_op, constants.LEGACY_INIT_OP_KEY),
            (main_op, constants.MAIN_OP_KEY),
        ):
            if op is None:
                continue
            if not isinstance(op, Operation):
                raise TypeError(f"{key} needs to be an Operation: {op!r}")
            for other in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
                if graph.get_collection(other):
                    raise ValueError(f"Graph already contains one or more main ops under the collection {other}.")  # fmt: skip
            graph.add_to_collection(key, op)
        if train_op is not None:
            if not isinstance(train_op, (Tensor, Operation)):
                raise TypeError(f"train_op needs to be a Tensor or Op: {train_op!r}")
            graph.add_to_collection(constants.TRAIN_OP_KEY, train_op)

    @raising
    def _add_assets(self, tensors: Any) -> None:
        """Copy the files, and note their names in the collection of assets."""
        from google.protobuf import any_pb2
        from tensorboard.compat.proto import meta_graph_pb2

        folder = os.path.join(self._export_dir, constants.ASSETS_DIRECTORY)
        names: dict[str, str] = {}
        for tensor in tensors:
            path = os.fsdecode(_asset_path(tensor))
            if path not in names:
                names[path] = _unused(os.path.basename(path), names.values())
                os.makedirs(folder, exist_ok=True)
                if not os.path.exists(os.path.join(folder, names[path])):
                    shutil.copyfile(local_path(path), os.path.join(folder, names[path]))
            asset = meta_graph_pb2.AssetFileDef(filename=names[path])
            asset.tensor_info.name = tensor.name
            packed = any_pb2.Any(type_url=_ASSET_TYPE, value=asset.SerializeToString())
            scopes.add_to_collection(constants.ASSETS_KEY, packed)

    @raising
    def save(self, as_text: bool = False) -> bytes:
        """Write `saved_model.pb` (or `.pbtxt`); returns its path."""
        name = (
            constants.SAVED_MODEL_FILENAME_PBTXT if as_text else constants.SAVED_MODEL_FILENAME_PB
        )
        path = os.path.join(self._export_dir, name)
        os.makedirs(self._export_dir, exist_ok=True)
        graph_io.write_proto(self._saved_model, path, as_text)
        return os.fsencode(path)


def _asset_path(tensor: Any) -> bytes:
    value = constant_value(tensor)
    if value is None:
        raise ValueError(f"{tensor} does not hold the name of a file as a constant.")
    return bytes(value.item())


def _unused(name: str, taken: Any) -> str:
    """`name`, with a number where another file in the model has that name."""
    found, count = name, 0
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found


def _new_saver() -> Any:
    kind = api.symbols().get("train.Saver") or api.missing("train.Saver")
    variables = scopes.get_collection(GraphKeys.GLOBAL_VARIABLES)
    others = scopes.get_collection(GraphKeys.SAVEABLE_OBJECTS)
    return kind([*variables, *others], sharded=True, allow_empty=True)


def _check_signatures(signature_def_map: dict[str, Any]) -> None:
    for key, signature in signature_def_map.items():
        if key in (constants.INIT_OP_SIGNATURE_KEY, constants.TRAIN_OP_SIGNATURE_KEY):
            raise KeyError(f"SignatureDef map key {key!r} is reserved.")
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            if info.WhichOneof("encoding") is None or not info.dtype:
                raise AssertionError(
                    f"All TensorInfo protos used in the SignatureDefs must have the name and dtype "
                    f"fields set: {key!r} has {info}"
                )


def simple_save(
    session: Any,
    export_dir: Any,
    inputs: dict[str, Any],
    outputs: dict[str, Any],
    legacy_init_op: Any = None,
) -> None:
    """Write a session's graph and variables as a SavedModel for serving.

    Args:
        inputs, outputs: tensors by name; they make the default signature.
    """
    signature = signatures.predict_signature_def(inputs, outputs)
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session,
        tags=[tag_constants.SERVING],
        signature_def_map={signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        assets_collection=scopes.get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()
