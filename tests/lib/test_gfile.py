"""`tf.gfile` does what TensorFlow's does, errors included."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tf1x as tf
from tests.oracle import tf1
from tf1x.lib import gfile


def _read(g: Any, root: str) -> Any:
    with g.GFile(f"{root}/text.txt") as file:
        first = (
            file.size(),
            file.read(2),
            file.tell(),
            file.readline(),
            file.readlines(),
            file.read(),
        )
        file.seek(1)
        return first, list(file), file.name == f"{root}/text.txt", file.mode


def _modes(g: Any, root: str) -> Any:
    found = []
    for mode, text in (("w", "ä1\n"), ("a", "2"), ("wb", b"\xff3"), ("ab", "4")):
        with g.Open(f"{root}/new", mode) as file:
            file.write(text)
            file.flush()
        found.append(g.FastGFile(f"{root}/new", "rb").read())
    return found


def _walk(g: Any, root: str) -> Any:
    orders = [list(g.Walk(root)), list(g.Walk(root, in_order=False)), list(g.Walk(f"{root}/none"))]
    return [
        [(top, sorted(folders), sorted(files)) for top, folders, files in order] for order in orders
    ]


def _stat(g: Any, root: str) -> Any:
    file, folder = g.Stat(f"{root}/text.txt"), g.Stat(f"{root}/sub")
    return file.length, file.mtime_nsec, file.is_directory, folder.is_directory


def _copy(g: Any, root: str) -> Any:
    g.Copy(f"{root}/text.txt", f"{root}/sub/copy")
    g.Copy(f"{root}/text.txt", f"{root}/sub/copy", overwrite=True)
    g.Rename(f"{root}/sub/copy", f"{root}/moved")
    return sorted(g.ListDirectory(root)), g.Open(f"{root}/moved").read()


def _folders(g: Any, root: str) -> Any:
    g.MkDir(f"{root}/made")
    g.MakeDirs(f"{root}/made/a/b")
    g.MakeDirs(f"{root}/made/a/b")
    g.Remove(f"{root}/text.txt")
    g.DeleteRecursively(f"{root}/sub")
    return [g.Exists(f"{root}/{n}") for n in ("made/a/b", "text.txt", "sub")], g.IsDirectory(
        f"{root}/made"
    )


CASES: dict[str, Callable[[Any, str], Any]] = {
    "read": _read,
    "characters": lambda g, root: [g.GFile(f"{root}/umlauts").read(n) for n in (0, 2, 4, 99)],
    "half a character": lambda g, root: g.GFile(f"{root}/umlauts").read(1),
    "bytes": lambda g, root: g.GFile(f"{root}/umlauts", mode="rb").read(3),
    "modes": _modes,
    "walk": _walk,
    "stat": _stat,
    "copy": _copy,
    "folders": _folders,
    "glob": lambda g, root: sorted(g.Glob(f"{root}/*")),
    "glob below": lambda g, root: sorted(g.Glob(f"{root}/s?b/*.py")),
    "glob several": lambda g, root: sorted(g.Glob([f"{root}/[tu]*", f"{root}/sub"])),
    "glob nothing": lambda g, root: g.Glob(f"{root}/none*"),
    "read missing": lambda g, root: g.GFile(f"{root}/none").read(),
    "open missing": lambda g, root: g.GFile(f"{root}/none").name == f"{root}/none",
    "write in missing folder": lambda g, root: g.GFile(f"{root}/none/x", "w").write("x"),
    "read what is written": lambda g, root: g.GFile(f"{root}/x", "w").read(),
    "write what is read": lambda g, root: g.GFile(f"{root}/text.txt").write("x"),
    "list missing": lambda g, root: g.ListDirectory(f"{root}/none"),
    "make existing": lambda g, root: g.MkDir(f"{root}/sub"),
    "make below missing": lambda g, root: g.MkDir(f"{root}/none/sub"),
    "remove missing": lambda g, root: g.Remove(f"{root}/none"),
    "remove folder": lambda g, root: g.Remove(f"{root}/sub"),
    "delete missing": lambda g, root: g.DeleteRecursively(f"{root}/none"),
    "copy onto": lambda g, root: g.Copy(f"{root}/text.txt", f"{root}/umlauts"),
    "copy missing": lambda g, root: g.Copy(f"{root}/none", f"{root}/x"),
    "rename onto": lambda g, root: g.Rename(f"{root}/text.txt", f"{root}/umlauts"),
    "stat missing": lambda g, root: g.Stat(f"{root}/none"),
}


def _outcome(case: Callable[[Any, str], Any], module: Any, root: Path) -> Any:
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "x.py").write_text("1")
    (root / ".hidden").write_text("")
    (root / "text.txt").write_text("one\ntwo\nthree")
    (root / "umlauts").write_text("äöü€😀z", encoding="utf-8")
    for path in (root / "text.txt", root):
        os.utime(path, ns=(10**18, 10**18))
    try:
        return str(case(module, str(root))).replace(str(root), "ROOT")
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("name", CASES)
def test_as_tensorflow_does(name: str, tmp_path: Path) -> None:
    wanted = _outcome(CASES[name], tf1.gfile, tmp_path / "theirs")
    assert _outcome(CASES[name], tf.gfile, tmp_path / "ours") == wanted


def test_newer_names(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    tf.io.gfile.makedirs(path=str(folder))
    with tf.io.gfile.GFile(folder / "x", "w") as file:
        file.write("text")
    tf.io.gfile.copy(src=str(folder / "x"), dst=str(folder / "y"))
    assert tf.io.gfile.listdir(str(folder)) == ["x", "y"]
    assert tf.io.gfile.exists(str(folder / "y"))
    assert tf.io.gfile.isdir(str(folder))
    assert tf.io.gfile.glob(pattern=str(folder / "?")) == [str(folder / n) for n in "xy"]
    tf.io.gfile.rmtree(str(tmp_path / "a"))
    assert not folder.exists()


def test_whole_files(tmp_path: Path) -> None:
    with tf.gfile.GFile(tmp_path / "both", "w+") as file:
        file.write("abc")
        file.seek(0)
        assert file.read() == "abc"
    gfile.write_string_to_file(str(tmp_path / "x"), "ä")
    assert gfile.read_file_to_string(str(tmp_path / "x")) == "ä"
    assert gfile.read_file_to_string(str(tmp_path / "x"), binary_mode=True) == "ä".encode()
    assert gfile.file_exists(f"file://{tmp_path}/x")


def test_remote_paths_are_refused() -> None:
    with pytest.raises(tf.errors.UnimplementedError, match=r"gs://.*local files only"):
        tf.gfile.Exists("gs://bucket/file")
