"""Compiled programs on disk, for programs run by `tf1x run` and for notebooks.

Segments with a fingerprint are kept as they are (saved_programs.py): a program's second run neither
traces nor compiles them. For all else there is JAX's compilation cache, which skips XLA. `TF1X_CACHE=off` turns it off, `TF1X_CACHE=FOLDER` moves
it; a user's own setting of JAX's (`JAX_COMPILATION_CACHE_DIR` and kin) is left as it is.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

_OFF = ("off", "0", "no", "false", "none")
# JAX keeps by default only what took a second to compile: most steps of small programs take less.
_WANTED = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": 0,
}


def directory() -> Path | None:
    """Where compiled programs are kept; None when `TF1X_CACHE` says off."""
    setting = os.environ.get("TF1X_CACHE", "")
    if setting.lower() in _OFF:
        return None
    if setting:
        return Path(setting).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "tf1x"


def enable() -> Path | None:
    """Turn the cache on, unless the user has set JAX's own; returns its folder, if it is ours."""
    import jax

    from tf1x.runtime import saved_programs

    config: Any = jax.config  # its options are attributes that type checkers do not see
    folder = directory()
    if folder is None or config.jax_compilation_cache_dir:
        return None
    try:
        (folder / "xla").mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: run without
        return None
    config.update("jax_compilation_cache_dir", str(folder / "xla"))
    for option, value in _WANTED.items():
        if option.upper() not in os.environ:
            config.update(option, value)
    saved_programs.keep_in(folder / "programs")
    return folder


def quiet() -> None:
    """Drop JAX's notes on accelerators that are not there.

    Programs that set the root logger to INFO, as `tf.test` does, would see them.
    """
    logging.getLogger("jax._src.xla_bridge").addFilter(_is_of_interest)


def _is_of_interest(record: logging.LogRecord) -> bool:
    missing = "may be present on this machine" in record.getMessage()
    return record.levelno >= logging.WARNING and not missing
