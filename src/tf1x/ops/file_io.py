"""Whole files: reading, writing, and finding them by a pattern."""

from __future__ import annotations

import glob
import os
from typing import Any

import numpy as np

from tf1x.core.errors import InvalidArgumentError
from tf1x.core.files import local_path, raising, replacing
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import dims, nothing, scalar


def _scalar(value: Any, name: str) -> bytes:
    if np.ndim(value):
        raise InvalidArgumentError(
            None, None, f"{name} must be a scalar, got shape: {list(np.shape(value))}"
        )
    data: bytes = np.asarray(value).item()
    return data


def _of_scalars(op: Operation) -> None:
    for i in range(len(op.inputs)):
        if dims(op, i):
            raise ValueError(f"Shape must be rank 0 but is rank {len(dims(op, i) or ())}")


def _contents(op: Operation) -> Any:
    _of_scalars(op)
    return scalar(op)


def _written(op: Operation) -> Any:
    _of_scalars(op)
    return nothing(op)


@op("filename: string -> contents: string", shape=_contents, grad=None, host=True, blocking=True)
@raising
def ReadFile(filename: Any) -> Any:
    """All of a file, as a string.

    Raises:
        NotFoundError: there is no such file.
    """
    with open(local_path(_scalar(filename, "filename")), "rb") as file:
        return np.array(file.read(), object)


@op(
    "filename: string, contents: string -> ",
    shape=_written,
    grad=None,
    host=True,
    blocking=True,
    stateful=True,
)
@raising
def WriteFile(filename: Any, contents: Any) -> None:
    """A string as a file, in the place of one that is there; its folders are made if needed."""
    path = os.path.realpath(local_path(_scalar(filename, "filename")))
    data = _scalar(contents, "contents")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path) and not os.path.isfile(path):  # a folder (an error), a device
        with open(path, "wb") as file:
            file.write(data)
        return
    with replacing(path) as file:
        file.write(data)


@op("pattern: string -> filenames: string", shape=lambda op: [(None,)], grad=None, host=True)
def MatchingFiles(pattern: Any) -> Any:
    """The paths that match one of the patterns (`*`, `?`, `[a-z]`), sorted.

    `pattern` is a string or a vector of them; folders' names may hold wildcards too.
    """
    found = [
        os.fsencode(path)
        for item in np.ravel(pattern).tolist()
        for path in glob.glob(local_path(item), include_hidden=True)
    ]
    made = np.empty(len(found), object)
    made[:] = sorted(found)
    return made


read_file = ReadFile
write_file = WriteFile
matching_files = MatchingFiles
