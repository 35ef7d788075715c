"""Files (`tf.gfile`, `tf.io.gfile`, `tensorflow.python.lib.io.file_io`).

The functions have file_io's names; their exports give the two public spellings. They raise
TensorFlow's errors (`tf.errors.NotFoundError`, ...) rather than OSError. Remote file systems
(`gs://`, `hdfs://`, `s3://`) are not supported.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from tf1x.api import export, renamed
from tf1x.core import errors
from tf1x.core.files import local_path, raising
from tf1x.lib.compat import as_bytes

# -- an open file ------------------------------------------------------------------------------


@export("gfile.GFile", "gfile.Open", "gfile.FastGFile", "io.gfile.GFile")
class GFile:
    """A file: text (UTF-8) in the modes r, w, a, r+, w+, a+; bytes with a `b` added.

    The file is opened by the first read or write, which raises `NotFoundError` and the like.

    Raises:
        PermissionDeniedError: reading what is open for writing only, or the reverse.
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        if mode.replace("b", "", 1) not in ("r", "w", "a", "r+", "w+", "a+"):
            raise errors.InvalidArgumentError(
                None, None, f"mode {mode!r} is none of r, w, a, r+, w+, a+"
            )
        self._name = name
        self._mode = mode
        self._file: IO[bytes] | None = None

    @property
    def name(self) -> Any:
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    @raising
    def _open(self) -> IO[bytes]:
        if self._file is None:
            self._file = open(local_path(self._name), self._mode.replace("b", "") + "b")  # noqa: SIM115
        return self._file

    def _reader(self) -> IO[bytes]:
        if self._mode[0] != "r" and "+" not in self._mode:
            raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
        return self._open()

    def _text(self, data: bytes) -> Any:
        return data if "b" in self._mode else data.decode()

    @raising
    def size(self) -> int:
        """The length in bytes."""
        return os.path.getsize(local_path(self._name))

    @raising
    def read(self, n: int = -1) -> Any:
        """The rest of the file, or `n` bytes of it, in text mode too.

        Raises:
            UnicodeDecodeError: they end within a character.
        """
        return self._text(self._reader().read(n))

    @raising
    def readline(self) -> Any:
        """The next line with its end, "" at the end of the file."""
        return self._text(self._reader().readline())

    @raising
    def readlines(self) -> list[Any]:
        return [self._text(line) for line in self._reader().readlines()]

    @raising
    def write(self, file_content: Any) -> None:
        """Append text or bytes."""
        if self._mode[0] == "r" and "+" not in self._mode:
            raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
        self._open().write(as_bytes(file_content))

    @raising
    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Move to a position in bytes; `position` is the older name of `offset`."""
        target = position if offset is None else offset
        if target is None:
            raise TypeError("seek(): offset argument required")
        self._reader().seek(target, whence)

    @raising
    def tell(self) -> int:
        return self._open().tell()

    @raising
    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def seekable(self) -> bool:
        return True

    def next(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    __next__ = next

    def __iter__(self) -> Iterator[Any]:
        return self

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()

    @raising
    def close(self) -> None:
        """Close the file; one opened for writing exists afterwards, even if nothing was written."""
        if self._mode[0] in "wa":
            self._open()
        if self._file is not None:
            self._file.close()
            self._file = None


FileIO = GFile


# -- whole files -------------------------------------------------------------------------------


def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    """All of a file, as text or bytes."""
    with GFile(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename: Any, file_content: Any) -> None:
    """Write text or bytes as a new file."""
    with GFile(filename, "w") as file:
        file.write(file_content)


@export("gfile.Exists", "io.gfile.exists")
@renamed(path="filename")
def file_exists(filename: Any) -> bool:
    """Whether a file or folder exists."""
    return os.path.exists(local_path(filename))


@export("gfile.Remove", "io.gfile.remove")
@renamed(path="filename")
@raising
def delete_file(filename: Any) -> None:
    """Delete a file.

    Raises:
        NotFoundError: there is none.
        FailedPreconditionError: it is a folder.
    """
    path = local_path(filename)
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
    os.remove(path)


@export("gfile.Copy", "io.gfile.copy")
@renamed(src="oldpath", dst="newpath")
@raising
def copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copy a file.

    Raises:
        AlreadyExistsError: `newpath` exists, and `overwrite` is not set.
    """
    shutil.copyfile(local_path(oldpath), _free(newpath, overwrite))


@export("gfile.Rename", "io.gfile.rename")
@renamed(src="oldname", dst="newname")
@raising
def rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Rename or move a file or folder.

    Raises:
        AlreadyExistsError: `newname` exists, and `overwrite` is not set.
    """
    os.replace(local_path(oldname), _free(newname, overwrite))


def _free(path: Any, overwrite: bool) -> str:
    local = local_path(path)
    if not overwrite and os.path.exists(local):
        raise FileExistsError(errno.EEXIST, "file already exists", local)
    return local


@export("gfile.Stat", "io.gfile.stat")
@renamed(path="filename")
@raising
def stat(filename: Any) -> FileStatistics:
    """Length, time of change and kind of a file."""
    path = local_path(filename)
    found = os.stat(path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


class FileStatistics(NamedTuple):
    """Length in bytes, time of the last change in nanoseconds since 1970, folder or not."""

    length: int
    mtime_nsec: int
    is_directory: bool


# -- folders -----------------------------------------------------------------------------------


@export("gfile.IsDirectory", "io.gfile.isdir")
@renamed(path="dirname")
def is_directory(dirname: Any) -> bool:
    """Whether there is a folder of that name."""
    return os.path.isdir(local_path(dirname))


@export("gfile.MkDir", "io.gfile.mkdir")
@renamed(path="dirname")
@raising
def create_dir(dirname: Any) -> None:
    """Make a folder in one that exists; nothing is wrong with one that is there.

    Raises:
        NotFoundError: there is no folder above it.
    """
    path = local_path(dirname)
    if not os.path.isdir(path):
        os.mkdir(path)


@export("gfile.MakeDirs", "io.gfile.makedirs")
@renamed(path="dirname")
@raising
def recursive_create_dir(dirname: Any) -> None:
    """Make a folder and those above it; nothing is wrong with one that exists."""
    os.makedirs(local_path(dirname), exist_ok=True)


@export("gfile.DeleteRecursively", "io.gfile.rmtree")
@renamed(path="dirname")
@raising
def delete_recursively(dirname: Any) -> None:
    """Delete a folder with all that is in it, or a file.

    Raises:
        NotFoundError: there is none.
    """
    path = local_path(dirname)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


@export("gfile.ListDirectory", "io.gfile.listdir")
@renamed(path="dirname")
def list_directory(dirname: Any) -> list[str]:
    """The names in a folder, sorted.

    Raises:
        NotFoundError: there is no such folder.
    """
    path = local_path(dirname)
    if not os.path.isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path}")
    return sorted(os.listdir(path))


@export("gfile.Glob", "io.gfile.glob")
@renamed(pattern="filename")
def get_matching_files(filename: Any) -> list[str]:
    """The paths that match a pattern (`*`, `?`, `[a-z]`), or one of a list of patterns; sorted."""
    patterns = [filename] if isinstance(filename, (str, bytes, os.PathLike)) else filename
    return sorted(
        path for pattern in patterns for path in glob.glob(local_path(pattern), include_hidden=True)
    )


@export("gfile.Walk", "io.gfile.walk")
@renamed(topdown="in_order")
def walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """(folder, its subfolders, its files) for a folder and all below it, like `os.walk`.

    Args:
        in_order: a folder comes before those in it; otherwise after.
    """
    for folder, folders, files in os.walk(local_path(top), topdown=in_order):
        folders.sort()
        yield folder, folders, sorted(files)
