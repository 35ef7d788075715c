"""Checkpoint files: what `tf.train.Saver` puts into a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.checkpoints.bundle import dtype_text
from tf1x.core.checkpoints.bundle_writer import BundleWriter, merge_bundles
from tf1x.core.checkpoints.reading import Reader, missing, open_checkpoint
from tf1x.core.checkpoints.slices import Shape, TensorSlice, parse_spec, shape_text
from tf1x.core.checkpoints.v1 import write_v1
from tf1x.core.dtypes import DType
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.files import local_path
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value
from tf1x.ops.shape_rules import nothing, scalar

# They hold the session's lock: a checkpoint has all variables as they were at one moment.
_SAVING: dict[str, Any] = {"shape": nothing, "grad": None, "host": True, "stateful": True}
_RESTORING: dict[str, Any] = {"grad": None, "host": True, "stateful": True, "blocking": True}


def _names(tensor: Any) -> list[str]:
    return [
        name.decode("utf-8", "surrogateescape") for name in np.asarray(tensor).reshape(-1).tolist()
    ]


def _path(tensor: Any) -> str:
    return local_path(np.asarray(tensor).item())


def _check_counts(names: list[str], specs: list[str] | None, count: int) -> None:
    """There are as many names and slices as tensors."""
    for given, what in ((names, "tensor names"), (specs, "shape_and_slices")):
        if given is not None and len(given) != count:
            raise InvalidArgumentError(None, None, f"{len(given)} {what} for {count} tensors")


def _slot(spec: str, array: Any) -> tuple[Shape, TensorSlice] | None:
    """The whole shape and the part that `array` is; None for a tensor that is no part."""
    if not spec:
        return None
    shape, part = parse_spec(spec)
    if part.shape(shape) != np.shape(array):
        raise InvalidArgumentError(
            None,
            None,
            "Slice in shape_and_slice specification does not match the shape of the tensor to "
            f" save: {spec}, tensor: {shape_text(np.shape(array))}",
        )
    return shape, part


# -- saving ------------------------------------------------------------------------------------


@op(
    "prefix: string, tensor_names: string, shape_and_slices: string, tensors: *dtypes -> ",
    **_SAVING,
)
def SaveV2(
    prefix: Any,
    tensor_names: Any,
    shape_and_slices: Any,
    tensors: Any,
    *,
    dtypes: list[DType],
) -> tuple[()]:
    """Write tensors as the V2 checkpoint `prefix`.

    Args:
        shape_and_slices: for each tensor "", or of which larger tensor it is which part:
            `"4 2 0,2:-"` is the first two of four rows.

    Raises:
        InvalidArgumentError: a name comes twice, or a tensor does not have the shape of its slice.
    """
    names, specs = _names(tensor_names), _names(shape_and_slices)
    _check_counts(names, specs, len(tensors))
    with BundleWriter(_path(prefix)) as writer:
        for name, spec, array, dtype in zip(names, specs, tensors, dtypes, strict=True):
            slot = _slot(spec, array)
            if slot is None:
                writer.add(name, array, dtype)
            else:
                writer.add_slice(name, *slot, array, dtype)
    return ()


@op("filename: string, tensor_names: string, data: *T -> ", **_SAVING)
def Save(filename: Any, tensor_names: Any, data: Any, *, T: list[DType]) -> tuple[()]:
    """Write tensors as a V1 checkpoint."""
    names = _names(tensor_names)
    _check_counts(names, None, len(data))
    write_v1(_path(filename), [(n, x, None, t) for n, x, t in zip(names, data, T, strict=True)])
    return ()


@op("filename: string, tensor_names: string, shapes_and_slices: string, data: *T -> ", **_SAVING)
def SaveSlices(
    filename: Any, tensor_names: Any, shapes_and_slices: Any, data: Any, *, T: list[DType]
) -> tuple[()]:
    """Write tensors and parts of tensors as a V1 checkpoint; the specifications are `SaveV2`'s."""
    names, specs = _names(tensor_names), _names(shapes_and_slices)
    _check_counts(names, specs, len(data))
    write_v1(
        _path(filename),
        [(n, x, _slot(s, x), t) for n, x, s, t in zip(names, data, specs, T, strict=True)],
    )
    return ()


@op("checkpoint_prefixes: string, destination_prefix: string -> ", **_SAVING)
def MergeV2Checkpoints(
    checkpoint_prefixes: Any,
    destination_prefix: Any,
    *,
    delete_old_dirs: bool = True,
    allow_missing_files: bool = False,
) -> tuple[()]:
    """Make one V2 checkpoint of several, whose data files are renamed to be its shards."""
    prefixes = [local_path(p) for p in np.asarray(checkpoint_prefixes).reshape(-1).tolist()]
    merge_bundles(prefixes, _path(destination_prefix), delete_old_dirs, allow_missing_files)
    return ()


# -- names of files ----------------------------------------------------------------------------

_NAMING: dict[str, Any] = {"shape": scalar, "grad": None, "host": True}


@op("basename: string, shard: int32, num_shards: int32 -> filename: string", **_NAMING)
def ShardedFilename(basename: Any, shard: Any, num_shards: Any) -> Any:
    """`basename-00001-of-00003`."""
    return np.array(basename.item() + b"-%05d-of-%05d" % (int(shard), int(num_shards)), object)


@op("basename: string, num_shards: int32 -> filename: string", **_NAMING)
def ShardedFilespec(basename: Any, num_shards: Any) -> Any:
    """`basename-?????-of-00003`, the pattern of all shards."""
    return np.array(basename.item() + b"-?????-of-%05d" % int(num_shards), object)


# -- restoring ---------------------------------------------------------------------------------


def _restored(reader: Reader, name: str, spec: str, dtype: DType) -> np.ndarray[Any, Any]:
    """A tensor of a checkpoint, or the part of one that `spec` says."""
    stored = reader.dtype(name)
    if stored is not dtype:
        raise InvalidArgumentError(
            None,
            None,
            f"tensor_name = {name}; expected dtype {dtype_text(dtype)} does not equal original "
            f"dtype {dtype_text(stored)}",
        )
    if not spec:
        return reader.read(name)
    shape, part = parse_spec(spec)
    if shape != reader.shape(name):
        raise InvalidArgumentError(
            None,
            None,
            f"tensor_name = {name}; shape in shape_and_slice spec {shape_text(shape)} does not "
            f"match the shape stored in checkpoint: {shape_text(reader.shape(name))}",
        )
    return reader.read(name, part)


def _spec_shapes(op: Operation) -> list[Any]:
    specs = constant_value(op.inputs[2])
    if specs is None:
        return [None] * len(op.outputs)
    found: list[Any] = []
    for spec in _names(specs):
        shape, part = parse_spec(spec) if spec else (None, None)
        found.append(None if part is None or shape is None else part.shape(shape))
    return found


@op(
    "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: *dtypes",
    shape=_spec_shapes,
    **_RESTORING,
)
def RestoreV2(
    prefix: Any, tensor_names: Any, shape_and_slices: Any, *, dtypes: list[DType]
) -> list[Any]:
    """Tensors of a checkpoint, V2 or V1.

    Args:
        shape_and_slices: for each tensor "", or the part to read: `"4 2 0,2:-"`.

    Raises:
        NotFoundError: there is no such checkpoint, or names are not in it; it says which, and
            what is close to them.
        InvalidArgumentError: a tensor is of another type or shape.
        DataLossError: the files are damaged.
    """
    names, specs = _names(tensor_names), _names(shape_and_slices)
    _check_counts(names, specs, len(dtypes))
    with open_checkpoint(_path(prefix)) as reader:
        absent = [name for name in names if not reader.has(name)]
        if absent:
            raise missing(reader, absent)
        return [
            _restored(reader, name, spec, dtype)
            for name, spec, dtype in zip(names, specs, dtypes, strict=True)
        ]


@op(
    "file_pattern: string, tensor_name: string -> tensor: dt",
    attrs={"preferred_shard": ("int", -1)},
    **_RESTORING,
)
def Restore(file_pattern: Any, tensor_name: Any, *, dt: DType) -> Any:
    """A tensor of a checkpoint; raises as `RestoreV2` does."""
    return _restore_one(file_pattern, tensor_name, "", dt)


@op(
    "file_pattern: string, tensor_name: string, shape_and_slice: string -> tensor: dt",
    attrs={"preferred_shard": ("int", -1)},
    **_RESTORING,
)
def RestoreSlice(file_pattern: Any, tensor_name: Any, shape_and_slice: Any, *, dt: DType) -> Any:
    """A part of a tensor of a checkpoint; raises as `RestoreV2` does."""
    return _restore_one(file_pattern, tensor_name, np.asarray(shape_and_slice).item().decode(), dt)


def _restore_one(file_pattern: Any, tensor_name: Any, spec: str, dtype: DType) -> Any:
    (name,) = _names(tensor_name)
    with open_checkpoint(_path(file_pattern)) as reader:
        if not reader.has(name):
            raise missing(reader, [name])
        return _restored(reader, name, spec, dtype)


# -- variables ---------------------------------------------------------------------------------


@op("resource: resource -> ", shape=nothing, grad=None, host=True, stateful=True)
def DisableCopyOnRead(resource: Any) -> tuple[()]:
    """Nothing: tf1x never copies a variable to read it. TensorFlow's Saver adds the node."""
    return ()
