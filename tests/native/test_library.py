"""With, without and before the compiled kernels: the whole process, each time a new one."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.processes import python
from tf1x.native import library

# A step with what the kernels do; on standard output whether they did it, and the numbers.
PROGRAM = """
import numpy as np
import tf1x as tf
tf.set_random_seed(1)
x = tf.random_normal([2, 6, 6, 3])
w = tf.Variable(tf.truncated_normal([3, 3, 3, 8], stddev=0.1))
y = tf.nn.dropout(tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"), keep_prob=0.5)
grad, = tf.gradients(y ** 2, [w])
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    print(session.run([x, w])[0].tobytes().hex())
    print(np.round(session.run(grad), 3).ravel()[:40].tolist())
from tf1x.native import library
print(library.library() is not None)
"""
# Stands for a compiler: every object is empty, and the library is the one that there is.
COPIER = """#!/bin/sh
for last; do :; done
case "$*" in *-shared*) cp "$KERNELS" "$last";; *) : > "$last";; esac
"""
BROKEN = """#!/bin/sh
echo "no such thing" >&2
exit 1
"""


def run(folder: Path, **environment: str) -> tuple[list[str], str]:
    done = python("-c", PROGRAM, cwd=folder, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n"), done.stderr


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def until(found: Any) -> None:
    for _ in range(600):
        if found():
            return
        time.sleep(0.1)
    raise AssertionError("nothing was compiled")


def compiled() -> Path:
    """The kernels' file."""
    if library.library() is None:
        pytest.skip(library.prepare())
    path = library._path()
    assert path is not None
    return path


def test_turned_off(tmp_path: Path) -> None:
    lines, said = run(tmp_path, TF1X_NATIVE="0", HOME=str(tmp_path))
    assert (lines[2], said) == ("False", "")
    assert not (tmp_path / ".cache").exists()


def test_without_a_compiler(tmp_path: Path) -> None:
    """One notice on this machine, and the same numbers."""
    environment = {"TF1X_NATIVE": str(tmp_path / "native"), "PATH": str(tmp_path), "CXX": ""}
    first, said = run(tmp_path, **environment)
    assert first[2] == "False"
    assert said.count("\n") == 1
    assert "No C++ compiler" in said
    second, said = run(tmp_path, **environment)
    assert (second, said) == (first, "")
    with_kernels, _ = run(tmp_path)
    assert with_kernels[:2] == first[:2]


def test_compiled_in_the_background(tmp_path: Path) -> None:
    """The process that finds no kernels does without; the next one has them."""
    environment = {
        "TF1X_NATIVE": str(tmp_path / "native"),
        "KERNELS": str(compiled()),
        "CXX": script(tmp_path / "copier", COPIER),
    }
    first, said = run(tmp_path, **environment)
    assert (first[2], said) == ("False", "")
    until(lambda: list((tmp_path / "native").glob("*.so")))
    second, said = run(tmp_path, **environment)
    assert (second[2], said) == ("True", "")
    assert second[:2] == first[:2]


def test_a_compiler_that_fails(tmp_path: Path) -> None:
    folder = tmp_path / "native"
    environment = {"TF1X_NATIVE": str(folder), "CXX": script(tmp_path / "broken", BROKEN)}
    run(tmp_path, **environment)
    until(lambda: list(folder.glob("*.failed")))
    lines, said = run(tmp_path, **environment)
    assert lines[2] == "False"
    assert said.count("\n") == 1
    assert "did not compile" in said
    assert run(tmp_path, **environment)[1] == ""
    prepared = python("-m", "tf1x.native", cwd=tmp_path, **environment)
    assert "did not compile" in prepared.stdout
    assert "no such thing" in next(folder.glob("*.failed")).read_text()


def test_kernels_that_others_can_write_are_not_loaded(tmp_path: Path) -> None:
    copy = tmp_path / compiled().name
    subprocess.run(["cp", str(compiled()), str(copy)], check=True)
    copy.chmod(0o777)
    lines, said = run(tmp_path, TF1X_NATIVE=str(tmp_path))
    assert lines[2] == "False"
    assert "others can write it" in said
