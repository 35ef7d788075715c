"""Compiles the kernels: `python -IS build.py LIBRARY INCLUDES`, without importing tf1x.

It leaves the shared library at LIBRARY, or what the compiler said at LIBRARY with the ending
`.failed`; INCLUDES is the folder of jaxlib's headers.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KERNELS = Path(__file__).parent / "kernels"
COMPILERS = ("c++", "g++", "clang++")
_FLAGS = ["-std=c++17", "-O3", "-DNDEBUG", "-fPIC", "-fvisibility=hidden", "-march=native"]
# Short loops on cache lines of their own: products of matrices are 1.05 times as fast.
_FLAGS += ["-falign-loops=64"]
_X86 = ["-mprefer-vector-width=512"]
# Sums of products are made of fused multiply-adds; some must not be (see random.cc, resize.cc).
OWN_FLAGS = {
    "batch_norm.cc": ["-ffp-contract=fast"],
    "candidates.cc": ["-ffp-contract=off"],
    "conv.cc": ["-ffp-contract=fast"],
    "conv_pool.cc": [],
    "matmul.cc": ["-ffp-contract=fast"],
    "pool.cc": [],
    "adam.cc": ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"],
    "gemm.cc": ["-ffp-contract=fast"],
    "lstm.cc": ["-ffp-contract=fast"],
    "lstm_layer.cc": ["-ffp-contract=fast"],
    "random.cc": ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"],
    "recurrent_handlers.cc": [],
    "resize.cc": ["-ffp-contract=off"],
    "winograd.cc": ["-ffp-contract=fast"],
    "handlers.cc": [],
}


def compiler() -> str | None:
    """The C++ compiler: $CXX, or the first of the usual names on the PATH."""
    return next(filter(None, map(shutil.which, (os.environ.get("CXX", ""), *COMPILERS))), None)


def flags() -> list[str]:
    return _FLAGS + (_X86 if platform.machine().lower() in ("x86_64", "amd64") else [])


def _compile(library: Path, includes: str, folder: Path) -> None:
    """Raises RuntimeError with the compiler's message."""
    command = [compiler() or COMPILERS[0], *flags(), "-isystem", includes, "-I", str(KERNELS)]
    jobs = [
        subprocess.Popen(
            [*command, *own, "-c", str(KERNELS / name), "-o", str(folder / f"{name}.o")],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, own in OWN_FLAGS.items()
    ]
    errors = [job.communicate()[1] for job in jobs]
    for job, error in zip(jobs, errors, strict=True):
        if job.returncode:
            raise RuntimeError(error)
    objects = [str(folder / f"{name}.o") for name in OWN_FLAGS]
    partial = folder / library.name
    linked = subprocess.run(
        [command[0], "-shared", *objects, "-o", str(partial)], stderr=subprocess.PIPE, text=True
    )
    if linked.returncode:
        raise RuntimeError(linked.stderr)
    partial.chmod(0o700)
    partial.replace(library)  # at once: another process may be looking


def build(library: Path, includes: str, wait: bool = False) -> None:
    """Compile, unless it is done; while another process does so, return, or `wait` for it."""
    import fcntl  # not on Windows, where nothing is compiled

    failed = library.with_suffix(".failed")
    with open(library.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return
        if library.exists():
            return
        try:
            with tempfile.TemporaryDirectory(dir=library.parent) as folder:
                _compile(library, includes, Path(folder))
            failed.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:
            failed.write_text(str(error))


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    build(Path(sys.argv[1]), sys.argv[2])
