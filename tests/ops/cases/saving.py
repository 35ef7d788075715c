"""Cases of ops/saving.py: files are written to a folder of the test process and read again."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from typing import Any

import numpy as np

import tf1x
from tests.ops.cases.case import Case, Const, Var, floats, ints
from tf1x.ops import saving


@functools.cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="tf1x-cases-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _path(name: str) -> str:
    return os.path.join(_folder(), name)


def _bundle(x: Any, y: Any, z: Any) -> list[Any]:
    path, names = _path("bundle"), ["x", "y", "text"]
    dtypes = [t.dtype for t in (x, y, z)]
    save = saving.SaveV2(path, names, [""] * 3, [x, y, z])
    return list(_restored(save, path, names, [""] * 3, dtypes))


def _restored(save: Any, path: str, names: list[str], specs: list[str], dtypes: Any) -> Any:
    with tf1x.control_dependencies([save]):
        return saving.RestoreV2(path, names, specs, dtypes=dtypes)


def _slices(x: Any, y: Any) -> list[Any]:
    path = _path("slices")
    save = saving.SaveV2(path, ["v", "v"], ["4 3 0,2:-", "4 3 2,2:0,3"], [x, y])
    names, specs = ["v"] * 3, ["", "4 3 1,2:-", "4 3 3,1:1,2"]
    return list(_restored(save, path, names, specs, [x.dtype] * 3))


def _v1(x: Any, y: Any) -> list[Any]:
    path = _path("v1")
    save = saving.Save(path, ["x", "y"], [x, y])
    with tf1x.control_dependencies([save]):
        return [saving.Restore(path, "x", dt=x.dtype), saving.Restore(path, "y", dt=y.dtype)]


def _v1_slices(x: Any, y: Any) -> list[Any]:
    path = _path("v1-slices")
    save = saving.SaveSlices(path, ["v", "v"], ["4 3 0,2:-", "4 3 2,2:0,3"], [x, y])
    with tf1x.control_dependencies([save]):
        return [saving.RestoreSlice(path, "v", s, dt=x.dtype) for s in ("", "4 3 1,2:-")]


def _merged(x: Any, y: Any) -> list[Any]:
    parts = [_path(f"merged_temp/part-0000{i}-of-00002") for i in range(2)]
    saves = [
        saving.SaveV2(part, [name], [""], [t])
        for part, name, t in zip(parts, "xy", (x, y), strict=True)
    ]
    with tf1x.control_dependencies(saves):
        merge = saving.MergeV2Checkpoints(parts, _path("merged"))
    return list(_restored(merge, _path("merged"), ["x", "y"], ["", ""], [x.dtype, y.dtype]))


_PAIR = (floats(2, 3), floats(2, 3, seed=1))

CASES = [
    Case(
        "SaveV2",
        (floats(2, 3), ints(), Const([b"a", b""])),
        program=_bundle,
        grad=False,
        data_dependent=True,
    ),
    Case("RestoreV2", _PAIR, program=_slices, grad=False, data_dependent=True, note="slices"),
    Case("Save", _PAIR, program=_v1, grad=False, data_dependent=True),
    Case("Restore", (floats(0, 3), ints(4)), program=_v1, grad=False, data_dependent=True),
    Case("SaveSlices", _PAIR, program=_v1_slices, grad=False, data_dependent=True),
    Case("RestoreSlice", _PAIR, program=_v1_slices, grad=False, data_dependent=True),
    Case(
        "MergeV2Checkpoints",
        (floats(2, 3), ints(4)),
        program=_merged,
        grad=False,
        data_dependent=True,
    ),
    Case("ShardedFilename", (Const(b"model"), Const(np.int32(3)), Const(np.int32(12)))),
    Case("ShardedFilespec", (Const(b"model"), Const(np.int32(123456)))),
    Case("DisableCopyOnRead", (Var(floats(2, 3), resource=True),), grad=False),
]
