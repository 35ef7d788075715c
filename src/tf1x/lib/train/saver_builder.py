"""The ops that a `Saver` adds to the graph: names and types are TensorFlow's."""

from __future__ import annotations

import os
from typing import Any

from tf1x.core import convert, opdef, scopes
from tf1x.lib.partitioned import PartitionedVariable
from tf1x.lib.train.saveables import (
    ResourceVariableSaveable,
    SaveableObject,
    SaveSpec,
    VariableSaveable,
    op_list_to_dict,
    validate_and_slice_inputs,
)
from tf1x.ops import array, saving
from tf1x.ops.array_select import where
from tf1x.ops.grouping import group, with_dependencies

V1, V2 = 1, 2  # SaverDef.CheckpointFormatVersion

PerDevice = list[tuple[str, list[SaveableObject]]]


class BaseSaverBuilder:
    """Builds the ops that save and restore; `save_op`, `restore_op` and others may be overridden."""

    SaveSpec = SaveSpec
    SaveableObject = SaveableObject
    VariableSaveable = VariableSaveable
    ResourceVariableSaveable = ResourceVariableSaveable

    def __init__(self, write_version: int = V2) -> None:
        self._write_version = write_version

    # -- ops -----------------------------------------------------------------------------------

    def save_op(self, filename_tensor: Any, saveables: list[SaveableObject]) -> Any:
        """An op that writes the saveable objects."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names, tensors, slices = [], [], []
        for spec in specs:
            names.append(spec.name)
            tensors.append(spec.tensor)
            slices.append(spec.slice_spec)
        if self._write_version == V2:
            return saving.SaveV2(filename_tensor, names, slices, tensors)
        if self._write_version == V1:
            return saving.SaveSlices(filename_tensor, names, slices, tensors, name="save")
        raise RuntimeError(f"Unexpected write_version: {self._write_version}")

    def bulk_restore(
        self,
        filename_tensor: Any,
        saveables: list[SaveableObject],
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Any]:
        """The tensors of all saveable objects, in order; here an op for each object."""
        tensors: list[Any] = []
        for saveable in saveables:
            with scopes.device(_on_cpu(saveable.device) if saveable.device else None):
                tensors += self.restore_op(filename_tensor, saveable, preferred_shard)
        return tensors

    def restore_op(
        self, filename_tensor: Any, saveable: SaveableObject, preferred_shard: int
    ) -> list[Any]:
        """The tensors of one saveable object."""
        return [
            saving.RestoreV2(
                filename_tensor, [s.name], [s.slice_spec], dtypes=[s.dtype.base_dtype]
            )[0]
            for s in saveable.specs
        ]

    def sharded_filename(self, filename_tensor: Any, shard: int, num_shards: Any) -> Any:
        """The name of one file of several."""
        return saving.ShardedFilename(filename_tensor, shard, num_shards)

    def _add_save_ops(self, filename_tensor: Any, saveables: list[SaveableObject]) -> Any:
        return with_dependencies([self.save_op(filename_tensor, saveables)], filename_tensor)

    def _add_sharded_save_ops(self, filename_tensor: Any, per_device: PerDevice) -> Any:
        if self._write_version == V2:
            return self._add_sharded_save_ops_v2(filename_tensor, per_device)
        num_shards = array.constant(len(per_device), name="num_shards")
        saves = []
        for shard, (device, saveables) in enumerate(per_device):
            with scopes.device(device):
                name = self.sharded_filename(filename_tensor, shard, num_shards)
                saves.append(self._add_save_ops(name, saveables))
        with scopes.control_dependencies([tensor.op for tensor in saves]):
            return saving.ShardedFilespec(filename_tensor, num_shards)

    def _add_sharded_save_ops_v2(self, prefix: Any, per_device: PerDevice) -> Any:
        """Each device writes a checkpoint of its own into a folder; then they are made one."""
        with scopes.device("/device:CPU:*"):
            on_s3 = opdef.get("StaticRegexFullMatch").endpoint(prefix, pattern="^s3://.*")
            suffix = where(
                on_s3, array.constant(".part"), array.constant(os.path.normpath("_temp/part"))
            )
            temporary = opdef.get("StringJoin").endpoint([prefix, suffix])
        num_shards = array.constant(len(per_device), name="num_shards")
        saves, prefixes = [], []
        device = ""
        for shard, (device, saveables) in enumerate(per_device):
            with scopes.device(_on_cpu(device)):
                name = self.sharded_filename(temporary, shard, num_shards)
                prefixes.append(name)
                saves.append(self._add_save_ops(name, saveables))
        with (
            scopes.control_dependencies([tensor.op for tensor in saves]),
            scopes.device(_on_cpu(device)),
        ):
            merge = saving.MergeV2Checkpoints(prefixes, prefix, delete_old_dirs=True)
            with scopes.control_dependencies([merge]):
                return array.Identity(prefix)

    def _add_restore_ops(
        self,
        filename_tensor: Any,
        saveables: list[SaveableObject],
        restore_sequentially: bool,
        reshape: bool,
        preferred_shard: int = -1,
        name: str = "restore_all",
    ) -> Any:
        tensors = iter(
            self.bulk_restore(filename_tensor, saveables, preferred_shard, restore_sequentially)
        )
        assigns = []
        for saveable in saveables:
            shapes = [_shape(spec) for spec in saveable.specs] if reshape else None
            restored = [next(tensors) for _ in saveable.specs]
            assigns.append(saveable.restore(restored, shapes))
        return group(*assigns, name=name)

    def _add_sharded_restore_ops(
        self, filename_tensor: Any, per_device: PerDevice, sequentially: bool, reshape: bool
    ) -> Any:
        restores = []
        for shard, (device, saveables) in enumerate(per_device):
            with scopes.device(device):
                restores.append(
                    self._add_restore_ops(
                        filename_tensor, saveables, sequentially, reshape, shard, "restore_shard"
                    )
                )
        return group(*restores, name="restore_all")

    def _group_by_devices(self, saveables: list[SaveableObject]) -> PerDevice:
        """The saveable objects of each device, by its name.

        Raises:
            ValueError: one has tensors on several.
        """
        found: dict[str, list[SaveableObject]] = {}
        for saveable in saveables:
            devices = {spec.device or "" for spec in saveable.specs}
            if len(devices) != 1:
                raise ValueError(
                    f"All tensors of a saveable object must be on the same device: {saveable.name}"
                )
            found.setdefault(devices.pop(), []).append(saveable)
        return sorted(found.items(), key=lambda pair: pair[0])

    # -- all of it -----------------------------------------------------------------------------

    def build(
        self,
        names_to_saveables: Any,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        filename: str | None = "model",
    ) -> Any:
        """Add the ops for variables (a dict by name, or a list).

        Returns:
            the `SaverDef` that names them.
        """
        from tensorboard.compat.proto import saver_pb2

        if not isinstance(names_to_saveables, dict):
            names_to_saveables = op_list_to_dict(names_to_saveables)
        saveables = validate_and_slice_inputs(names_to_saveables)
        graph_elements = [saveable.op for saveable in saveables]
        with scopes.name_scope(name, "save", graph_elements):
            path = array.PlaceholderWithDefault(filename or "model", shape=(), name="filename")
            path = array.PlaceholderWithDefault(path, shape=(), name="Const")
            if sharded:
                per_device = self._group_by_devices(saveables)
                save = self._add_sharded_save_ops(path, per_device)
                restore = self._add_sharded_restore_ops(
                    path, per_device, restore_sequentially, reshape
                )
            else:
                save = self._add_save_ops(path, saveables)
                restore = self._add_restore_ops(path, saveables, restore_sequentially, reshape)
        _join_collected_parts()
        return saver_pb2.SaverDef(
            filename_tensor_name=path.name,
            save_tensor_name=save.name,
            restore_op_name=restore.name,
            max_to_keep=max_to_keep or 0,
            sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version,
        )


class BulkSaverBuilder(BaseSaverBuilder):
    """One op restores all tensors."""

    def bulk_restore(
        self,
        filename_tensor: Any,
        saveables: list[SaveableObject],
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Any]:
        specs = [spec for saveable in saveables for spec in saveable.specs]
        with scopes.device("cpu:0"):
            tensors: list[Any] = saving.RestoreV2(
                filename_tensor,
                [s.name for s in specs],
                [s.slice_spec for s in specs],
                dtypes=[s.dtype.base_dtype for s in specs],
            )
        return tensors


def _shape(spec: SaveSpec) -> Any:
    tensor = spec.tensor
    shape = tensor.get_shape()
    return shape if shape.is_fully_defined() else array.shape(tensor)


def _on_cpu(device: str) -> str:
    """The first CPU of a device's machine."""
    kept = [part for part in device.split("/") if part.startswith(("job:", "replica:", "task:"))]
    return "/" + "/".join([*kept, "device:CPU:0"])


def _join_collected_parts() -> None:
    """Partitioned variables in collections are looked up by name when a MetaGraph is loaded."""
    graph = scopes.get_default_graph()
    for key in graph.get_all_collection_keys():
        for item in graph.get_collection(key):
            if isinstance(item, PartitionedVariable):
                try:
                    graph.get_operation_by_name(item.name)
                except KeyError:
                    convert.to_tensor(item)
