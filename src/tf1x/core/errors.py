"""TensorFlow's exceptions (`tf.errors`).

OpError
    CancelledError, UnknownError, InvalidArgumentError, DeadlineExceededError, NotFoundError,
    AlreadyExistsError, PermissionDeniedError, UnauthenticatedError, ResourceExhaustedError,
    FailedPreconditionError, AbortedError, OutOfRangeError, UnimplementedError, InternalError,
    UnavailableError, DataLossError

and one of tf1x's own:

UnsupportedError (an UnimplementedError)    a TensorFlow feature that tf1x does not have
"""

from __future__ import annotations

from typing import Any

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """Base of the errors that running a graph raises.

    Attributes:
        message: what went wrong, without the op's origin.
        op: the `Operation` concerned, or None.
        error_code: the number of the class, as in TensorFlow's `error_codes.proto`.
    """

    code = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self._node_def = node_def
        self.op = op
        self.message = message
        self.error_code = self.code if error_code is None else error_code

    @property
    def node_def(self) -> Any:
        if self._node_def is None and self.op is not None:
            return self.op.node_def
        return self._node_def

    def __str__(self) -> str:
        if self.op is None:
            return self.message
        lines = [self.message, f"\t [[node {self.op.name} ({self.op.type})]]"]
        if self.op.traceback:
            lines.append("\nThe op was created at:")
            lines += [f"  {frame}" for frame in self.op.traceback]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, None, self.message)


class CancelledError(OpError):
    """The operation was cancelled, e.g. an enqueue on a closed queue."""

    code = CANCELLED


class UnknownError(OpError):
    """An error with no better class."""

    code = UNKNOWN


class InvalidArgumentError(OpError):
    """An op received a value that it cannot use."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """A time limit ran out."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, a checkpoint key or another entity does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """What was to be created exists."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do that."""

    code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Memory or another resource ran out."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The state does not allow it, e.g. a variable read before its initialiser ran."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted."""

    code = ABORTED


class OutOfRangeError(OpError):
    """Past the end, e.g. of a closed queue or an iterator."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """The operation is not implemented."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """A broken invariant: a defect in tf1x."""

    code = INTERNAL


class UnavailableError(OpError):
    """The runtime is not available now."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """A file is damaged."""

    code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The caller is not known."""

    code = UNAUTHENTICATED


class UnsupportedError(UnimplementedError):
    """A TensorFlow feature that tf1x does not have; the message names it and says what to do."""

    def __init__(self, message: str, op: Any = None) -> None:
        super().__init__(None, op, message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message,)


_BY_CODE: dict[int, type[OpError]] = {
    cls.code: cls
    for cls in OpError.__subclasses__()
    if cls.__module__ == __name__ and cls is not UnsupportedError
}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class for a number of `error_codes.proto` (`tf.errors.exception_type_from_error_code`)."""
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """The inverse of `exception_type_from_error_code`."""
    return cls.code
