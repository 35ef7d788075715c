"""`tf.logging`: the standard library's logger "tensorflow", in TensorFlow's format.

Messages go to standard error as `INFO:tensorflow:...`; WARN and above are shown by default.
"""

from __future__ import annotations

import collections
import logging
import sys
from typing import Any

DEBUG, INFO, WARN, ERROR, FATAL = (
    logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL,
)  # fmt: skip


class _ToStandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what `sys.stderr` is at the time (notebooks and tests exchange it)."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(logging.Formatter(logging.BASIC_FORMAT))

    @property
    def stream(self) -> Any:  # type: ignore[override]
        return sys.stderr


def _make_logger() -> logging.Logger:
    logger = logging.getLogger("tensorflow")
    logger.setLevel(WARN)
    if not logger.handlers and not logging.getLogger().handlers:
        logger.addHandler(_ToStandardError())
    return logger


_logger = _make_logger()
_counts: collections.Counter[str] = collections.Counter()

debug = _logger.debug
info = _logger.info
warning = warn = _logger.warning
error = _logger.error
fatal = _logger.critical
log = _logger.log


def get_logger() -> logging.Logger:
    """The logger that everything here writes to."""
    return _logger


def set_verbosity(v: int | str) -> None:
    """Show messages of this level and above: `tf.logging.INFO`, ..., or its name."""
    _logger.setLevel(v)


def get_verbosity() -> int:
    return _logger.getEffectiveLevel()


def vlog(level: int, msg: str, *args: Any, **kwargs: Any) -> None:
    """Log at a numeric level of the standard library's scale."""
    _logger.log(level, msg, *args, **kwargs)


def log_if(level: int, msg: str, condition: Any, *args: Any) -> None:
    """Log when the condition holds."""
    if condition:
        _logger.log(level, msg, *args)


def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Log the first of every `n` calls with this message."""
    _counts[msg] += 1
    log_if(level, msg, (_counts[msg] - 1) % n == 0, *args)


def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Log the first `n` calls with this message."""
    _counts[msg] += 1
    log_if(level, msg, _counts[msg] <= n, *args)


# `TaskLevelStatusMessage` is the name that TensorFlow gave it.
def TaskLevelStatusMessage(msg: str) -> None:
    """Log a message about the whole task, as an error so that it is seen."""
    _logger.error(msg)


def flush() -> None:
    """Messages are never held back: nothing to do."""
