"""Paths of local files, and the errors of the operating system as TensorFlow's."""

from __future__ import annotations

import errno
import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeVar

from tf1x.core import errors

_F = TypeVar("_F", bound=Callable[..., Any])

_ERRORS: dict[int | None, type[errors.OpError]] = {
    errno.ENOENT: errors.NotFoundError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.ENOSPC: errors.ResourceExhaustedError,
}


def os_error(error: OSError) -> errors.OpError:
    """TensorFlow's error for one of the operating system."""
    kind = _ERRORS.get(error.errno, errors.UnknownError)
    return kind(None, None, f"{error.filename}; {error.strerror}")


def raising(function: _F) -> _F:
    """Let a function raise TensorFlow's errors where it would raise OSError."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            raise os_error(error) from error

    return wrapper  # type: ignore[return-value]


def local_path(path: Any) -> str:
    """A path (text, bytes, a path object or a `file://` address) as text.

    Raises:
        UnsupportedError: it is on a remote file system (`gs://`, `hdfs://`, `s3://`).
        TypeError: it is not a path.
    """
    text = os.fsdecode(path)
    scheme, found, rest = text.partition("://")
    if not found:
        return text
    if scheme == "file":
        return rest
    raise errors.UnsupportedError(
        f"{text!r}: tf1x reads and writes local files only; copy or mount {scheme}:// first."
    )


@contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` once it is whole and on the disk.

    It is written under another name in the same folder; an error leaves what was there.
    """
    folder, name = os.path.split(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
