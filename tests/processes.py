"""Running Python in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any


def python(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in `cwd`, without a compilation cache unless asked for."""
    ours = ("TF1X_", "JAX_", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"TF1X_CACHE": "off", **environment}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=300
    )


def code(source: str, cwd: Path, **options: Any) -> str:
    """What a piece of Python prints; it must succeed, and say nothing on standard error."""
    done = python("-c", textwrap.dedent(source), cwd=cwd, **options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def tf1x(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `tf1x ARGUMENTS`."""
    return python("-m", "tf1x", *arguments, cwd=cwd, **environment)
