"""Tracebacks as the author of the program wants them: without tf1x's own lines."""

from __future__ import annotations

import sysconfig
from traceback import StackSummary, TracebackException

from tf1x.core.operation import _PACKAGE

_OURS = (_PACKAGE, "<frozen ")
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
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
        lines += "\nThis looks like Python 2. `tf1x run --py2 FILE` translates it in memory.\n"
    return lines


def _trim(report: TracebackException, inside: bool = False) -> None:
    """Drop tf1x's frames, and those of libraries below them.

    Args:
        inside: the traceback begins within tf1x, as that of an error handled there does.
    """
    kept = []
    for frame in report.stack:
        if frame.filename.startswith(_OURS):
            inside = inside or bool(kept)  # what stands above the program is the command itself
        elif not (inside and _is_library(frame.filename)):
            kept.append(frame)
            inside = False
    # Without a frame there is no heading either; a syntax error shows its own line.
    report.stack = StackSummary.from_list(kept) if kept else None  # type: ignore[assignment]
    for link in ("__cause__", "__context__"):
        earlier = getattr(report, link)
        if earlier is None:
            continue
        _trim(earlier, inside)
        if inside and not earlier.stack:  # it arose and was handled inside tf1x
            setattr(report, link, None)


def _is_library(filename: str) -> bool:
    return "site-packages" in filename or filename.startswith(_STANDARD_LIBRARY)
