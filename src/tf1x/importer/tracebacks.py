"""Tracebacks as the author of the program wants them: without tf1x's own lines."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable, Iterator
from traceback import FrameSummary, StackSummary, TracebackException

from tf1x.core.graph import _PACKAGE

_OURS = (_PACKAGE, "<frozen ")
_LIBRARIES = (sysconfig.get_path("stdlib"),)

_PYTHON_2 = (
    "Missing parentheses in call to",
    "multiple exception types must be",
    "leading zeros in",
)


def text(error: BaseException, full: bool = False) -> str:
    """The traceback of an uncaught error.

    Args:
        full: with tf1x's own frames, and those of the libraries it calls.
    """
    report = TracebackException.from_exception(error)
    if not full:
        _trim(report)
    lines = "".join(report.format())
    if isinstance(error, SyntaxError) and (
        isinstance(error, TabError) or str(error.msg).startswith(_PYTHON_2)
    ):
        lines += (
            "\nThis looks like Python 2. Convert the program once, e.g. by `2to3 -w FILE` "
            "(part of Python up to 3.12).\n"
        )
    return lines


def _trim(report: TracebackException) -> None:
    frames = list(_of_the_program(report.stack))
    # Without a frame there is no heading either; a syntax error shows its own line.
    report.stack = StackSummary.from_list(frames) if frames else None  # type: ignore[assignment]
    for link in ("__cause__", "__context__"):
        earlier = getattr(report, link)
        if earlier is None:
            continue
        _trim(earlier)
        if not earlier.stack:  # it arose and was handled inside tf1x
            setattr(report, link, None)


def _of_the_program(frames: Iterable[FrameSummary]) -> Iterator[FrameSummary]:
    """The program's frames, and those of libraries that the program itself calls."""
    started = inside = False
    for frame in frames:
        if frame.filename.startswith(_OURS):
            inside = started
        elif not (inside and _is_library(frame.filename)):
            started, inside = True, False
            yield frame


def _is_library(filename: str) -> bool:
    return "site-packages" in filename or filename.startswith(_LIBRARIES)
