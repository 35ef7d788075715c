"""The compiled kernels of this process, if there are any.

They lie in `~/.cache/tf1x/native`, or the folder that `TF1X_NATIVE` names; `TF1X_NATIVE=0` turns
them off. The file's name has a hash of all that it depends on: sources, flags, jaxlib and the CPU.
Whether a process has kernels is settled when it first asks, so that all of its numbers are made the
same way; if there are none yet, they are compiled in the background for the processes after it.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jax
from jaxlib.version import __version__ as jaxlib_version

from tf1x.native import build

_OFF = ("0", "off", "no", "false", "none")
_TARGETS = (
    "tf1x_random",
    "tf1x_gather",
    "tf1x_candidates",
    "tf1x_conv_forward",
    "tf1x_conv_images_gradient",
    "tf1x_conv_filter_gradient",
    "tf1x_conv_max_pool",
    "tf1x_matmul",
    "tf1x_dense",
    "tf1x_descend",
    "tf1x_pack",
    "tf1x_multiply",
    "tf1x_unwritten",
    "tf1x_lstm",
    "tf1x_lstm_gradient",
    "tf1x_lstm_layer",
    "tf1x_lstm_layer_gradient",
    "tf1x_adam",
    "tf1x_moments",
    "tf1x_batch_norm_gradient",
    "tf1x_max_pool",
    "tf1x_max_pool_gradient",
)
_SLOWER = "convolutions and random numbers run as XLA code, resizing as NumPy's, which is slower"
_log = logging.getLogger("tf1x")

_lock = threading.Lock()
_found: list[ctypes.CDLL | None] = []


def library() -> ctypes.CDLL | None:
    """The kernels, registered with XLA; the same answer for the whole process."""
    with _lock:
        if not _found:
            _found.append(_find())
        return _found[0]


def on_cpu() -> bool:
    """Whether traced code may call the kernels."""
    return library() is not None and jax.default_backend() == "cpu"


def prepare() -> str:
    """Compile the kernels unless that is done, and say in one line whether they are there."""
    path = _path()
    if path is None:
        return "tf1x: native kernels are turned off."
    if build.compiler() is None and not path.exists():
        _tell_once(path, "")  # it is told here
        return f"tf1x: {_no_compiler()}"
    build.build(path, jax.ffi.include_dir(), wait=True)
    if not path.exists():
        failed = path.with_suffix(".failed")
        return f"tf1x: the native kernels did not compile; {_SLOWER}. See {failed}"
    return f"tf1x: native kernels in {path}"


def _find() -> ctypes.CDLL | None:
    path = _path()
    if path is None:
        return None
    if path.exists():
        return _load(path)
    if build.compiler() is None:
        _tell_once(path, _no_compiler())
    elif path.with_suffix(".failed").exists():
        _tell_once(path, f"The native kernels did not compile; {_SLOWER}. See {path.parent}")
    else:
        command = [sys.executable, "-IS", build.__file__, str(path), jax.ffi.include_dir()]
        null = subprocess.DEVNULL
        job = subprocess.Popen(
            command, stdin=null, stdout=null, stderr=null, start_new_session=True
        )
        job.returncode = 0  # it goes on without us: no ResourceWarning at exit
    return None


def _no_compiler() -> str:
    return f"No C++ compiler ({', '.join(build.COMPILERS)}) for the native kernels; {_SLOWER}."


def _tell_once(path: Path, message: str) -> None:
    """Say it in the first process that finds it so."""
    try:
        path.with_suffix(".told").touch(exist_ok=False)
    except OSError:
        return
    if message:
        _log.warning(message)


def _path() -> Path | None:
    """Where the library is or will be; None where there shall be none."""
    setting = os.environ.get("TF1X_NATIVE", "")
    if setting.lower() in _OFF or os.name != "posix":
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "tf1x" / "native"
    folder = (Path(setting) if setting else base).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home
        return None
    return folder / f"kernels-{_key()}.so"


def _key() -> str:
    flags = (*build.flags(), repr(build.OWN_FLAGS))
    parts = [jaxlib_version, platform.machine(), cpu(), *flags]
    parts += [file.read_text() for file in sorted(build.KERNELS.iterdir()) if file.is_file()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def cpu() -> str:
    """What the compiler may take from the CPU: its model and the instructions it has."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = file.read(1 << 13).splitlines()
    except OSError:
        return platform.processor()
    wanted = ("vendor_id", "model", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))


def _load(path: Path) -> ctypes.CDLL | None:
    """Load code that this user (or root) put there."""
    try:
        found = path.stat()
        others = stat.S_IWGRP | stat.S_IWOTH
        if found.st_uid not in (os.getuid(), 0) or found.st_mode & others:
            _log.warning("%s is not used: others can write it", path)
            return None
        library = ctypes.CDLL(str(path))
    except OSError as error:
        _log.warning("%s cannot be loaded: %s", path, error)
        return None
    ffi: Any = jax.ffi
    for target in _TARGETS:
        ffi.register_ffi_target(target, ffi.pycapsule(getattr(library, target)), platform="cpu")
    library.tf1x_fill.argtypes = [
        ctypes.c_int64,
        *[ctypes.c_uint64] * 3,
        ctypes.c_int64,
        ctypes.c_int,
        ctypes.c_void_p,
    ]
    library.tf1x_fill.restype = None
    library.tf1x_resize_bilinear.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        *[ctypes.c_void_p] * 8,
    ]
    library.tf1x_resize_bilinear.restype = None
    library.tf1x_copy.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
    library.tf1x_copy.restype = None
    library.tf1x_packed_size.argtypes = [ctypes.c_int64, ctypes.c_int64]
    library.tf1x_packed_size.restype = ctypes.c_int64
    return library
