"""V2 checkpoints, written and merged; the bytes are TensorFlow's.

Nothing of a checkpoint is seen before all of it is written: data files and index are written
under temporary names, then renamed, the index last. Where a checkpoint of that name exists, there
are two renames more, since no system replaces several files at once: the new files become
`.pending`, the index last, from which moment readers take these (bundle.py), and then take the
place of the old ones. A process that is killed at any point leaves the old checkpoint or the new.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from tf1x.core.checkpoints.bundle import (
    HEADER,
    PENDING,
    VERSION,
    BundleReader,
    data_path,
    index_path,
)
from tf1x.core.checkpoints.encoding import mask, name_key
from tf1x.core.checkpoints.slices import Shape, TensorSlice
from tf1x.core.checkpoints.sstable import write_table
from tf1x.core.checkpoints.tensors import write_tensor
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.errors import InvalidArgumentError, OpError
from tf1x.core.files import os_error, raising


class BundleWriter:
    """Writes a V2 checkpoint of one data file.

        with BundleWriter("/tmp/model.ckpt-100") as writer:
            writer.add("w", array)

    The folder is made where it is missing. An error leaves what was there before.

    Raises:
        InvalidArgumentError: a name is added twice, or is empty.
        OpError: a file cannot be written.
    """

    @raising
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._entries: dict[bytes, Any] = {}
        self._position = 0
        os.makedirs(os.path.dirname(prefix) or ".", exist_ok=True)
        self._data = data_path(prefix, 0, 1)
        self._temporary = _temporary(self._data)
        self._file: BinaryIO = open(self._temporary, "wb", 1 << 16)  # noqa: SIM115

    def add(self, name: str, array: Any, dtype: DType | None = None) -> None:
        """Write a whole tensor; `dtype` is given where the array's own does not tell (quantized)."""
        self._add(name_key(name), array, dtype)

    def add_slice(
        self,
        name: str,
        shape: Shape,
        part: TensorSlice,
        array: Any,
        dtype: DType | None = None,
    ) -> None:
        """Write a part of a tensor of that shape.

        Raises:
            InvalidArgumentError: another part of it had another type or shape.
        """
        if part.is_whole or part.shape(shape) == shape:
            self.add(name, array, dtype)
            return
        array = np.asarray(array)
        enum = (dtype or as_dtype(array.dtype)).base_dtype.as_datatype_enum
        entry = self._entries.get(name_key(name))
        if entry is None:
            entry = self._entries[name_key(name)] = _entry(enum, shape)
        elif (entry.dtype, [d.size for d in entry.shape.dim]) != (enum, list(shape)):
            raise InvalidArgumentError(
                None, None, f"The parts of {name} are of several types or shapes."
            )
        part.to_proto(entry.slices.add())
        self._add(part.key(name), array, dtype)

    def _add(self, key: bytes, array: Any, dtype: DType | None) -> None:
        array = np.asarray(array)
        dtype = (dtype or as_dtype(array.dtype)).base_dtype
        if key in self._entries or key == HEADER:
            text = key.decode("utf-8", "backslashreplace")
            raise InvalidArgumentError(None, None, f"Adding duplicate key: {text}")
        entry = _entry(dtype.as_datatype_enum, array.shape)
        try:
            size, crc = write_tensor(self._file, array, dtype)
        except OSError as error:
            raise os_error(error) from error
        if self._position:
            entry.offset = self._position
        entry.size, entry.crc32c = size, mask(crc)
        self._entries[key] = entry
        self._position += size

    @raising
    def finish(self) -> None:
        """Close the file and put the checkpoint in its place."""
        self._file.close()
        publish(self.prefix, self._entries, [(self._temporary, self._data)])

    def discard(self) -> None:
        """Close and delete what was written."""
        self._file.close()
        _remove(self._temporary)

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(self, kind: Any, *exc_info: Any) -> None:
        if kind is not None:
            self.discard()
            return
        try:
            self.finish()
        except BaseException:
            self.discard()
            raise


def _entry(dtype: int, shape: Iterable[int]) -> Any:
    from tf1x.core import messages

    entry = messages.BundleEntryProto(dtype=dtype)
    entry.shape.SetInParent()
    for size in shape:
        entry.shape.dim.add(size=size)
    return entry


def _temporary(path: str) -> str:
    return f"{path}.tempstate{secrets.randbits(63)}"


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def publish(prefix: str, entries: dict[bytes, Any], files: list[tuple[str, str]]) -> None:
    """Write the index and rename the data files, so that the checkpoint appears as a whole.

    Args:
        files: for each shard the file that has its data, and the name that it is to get.
    """
    from tf1x.core import messages

    _complete(prefix)
    header = messages.BundleHeaderProto(num_shards=len(files))
    header.version.producer = VERSION
    items = [(HEADER, header.SerializeToString())]
    items += [(key, entry.SerializeToString()) for key, entry in sorted(entries.items())]
    index = index_path(prefix)
    temporary = _temporary(index)
    try:
        with open(temporary, "wb") as file:
            write_table(file, items)
        files = [*files, (temporary, index)]
        if os.path.exists(index):
            for source, target in files:
                os.replace(source, target + PENDING)
            files = [(target + PENDING, target) for _, target in files]
        for source, target in files:
            os.replace(source, target)
    except BaseException:
        _remove(temporary)
        raise


def _complete(prefix: str) -> None:
    """Finish what a process that was killed had begun to put in its place."""
    pending = index_path(prefix) + PENDING
    if not os.path.exists(pending):
        return
    with contextlib.suppress(OpError):
        shards = BundleReader(prefix).header.num_shards
        for shard in range(min(shards, 1 << 20)):
            path = data_path(prefix, shard, shards)
            if os.path.exists(path + PENDING):
                os.replace(path + PENDING, path)
    os.replace(pending, index_path(prefix))


# -- merging -----------------------------------------------------------------------------------


@raising
def merge_bundles(
    prefixes: list[str],
    destination: str,
    delete_old_dirs: bool = True,
    allow_missing_files: bool = False,
) -> None:
    """Make one checkpoint of several, whose data files become its shards.

    Args:
        delete_old_dirs: delete the folders of the old ones where they are empty.

    Raises:
        InvalidArgumentError: none is given, or two have a tensor of the same name.
        NotFoundError: one is missing (without `allow_missing_files`).
    """
    present = [p for p in prefixes if not allow_missing_files or os.path.exists(index_path(p))]
    if not present:
        raise InvalidArgumentError(None, None, "At least one prefix checkpoint file must exist.")
    entries: dict[bytes, Any] = {}
    shards: dict[str, int] = {}
    for prefix in present:
        with BundleReader(prefix) as reader:
            count = reader.header.num_shards
            for key in reader.raw:
                entry = reader.entry(key)
                path = data_path(prefix, entry.shard_id, count)
                number = shards.setdefault(path, len(shards))
                entry.shard_id = number
                if key not in entries:
                    entries[key] = entry
                elif entries[key].slices and entry.slices:
                    entries[key].slices.extend(entry.slices)
                else:
                    raise InvalidArgumentError(
                        None,
                        None,
                        f"Duplicate tensor keyed by {key.decode('utf-8', 'replace')} encountered, "
                        f"when merging prefix: {prefix}",
                    )
    os.makedirs(os.path.dirname(destination) or ".", exist_ok=True)
    names = [data_path(destination, number, len(shards)) for number in shards.values()]
    publish(destination, entries, list(zip(shards, names, strict=True)))
    for prefix in present:
        _remove(index_path(prefix))
        if delete_old_dirs and os.path.dirname(prefix):
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(prefix))
