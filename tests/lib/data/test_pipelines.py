"""Every pipeline gives TensorFlow's elements in TensorFlow's order, from a graph like its."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.data.pipelines import FILES, LISTED, PIPELINES, write_files
from tests.oracle import tf1

# Where the graphs differ, and why.
OTHER_NODES = {
    "unbatch": "TensorFlow puts a map that does nothing before it",
    "sparse": "TensorFlow sets a shape by a constant",
    "sparse slices": "as above",
    "sparse batches": "as above",
    "dense to sparse": "as above",
    "counter": "ours is a scan",
    "buckets": "the captured constants have other names",
    "buckets to their limits": "as above",
    "batched features": "TensorFlow has an op of its own for parsing",
    "csv files": "ours has other constants",
    "csv files, some columns": "as above",
}


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [x for key in sorted(value) for x in (key, *flat(value[key]))]
    if isinstance(value, tuple):
        return [x for item in value for x in flat(item)]
    return [value]


def elements(tf: Any, build: Callable[[Any], Any], monkeypatch: Any) -> tuple[list[Any], list[Any]]:
    """All elements of two initialisations, and the nodes of the graph."""
    monkeypatch.setenv("TF1X_SEEDS", "tf2")
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(17)
        iterator = build(tf).make_initializable_iterator()
        get_next = iterator.get_next()
        found: list[Any] = []
        for _ in range(2):
            session.run(iterator.initializer)
            while len(found) < 500:
                try:
                    found += [session.run(get_next)]
                except tf.errors.OutOfRangeError:
                    found.append(())
                    break
        return found, [(op.name, op.type) for op in graph.get_operations()]


def check(name: str, build: Callable[[Any], Any], monkeypatch: Any) -> None:
    expected, nodes = elements(tf1, build, monkeypatch)
    found, own_nodes = elements(tf1x, build, monkeypatch)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for a, b in zip(flat(ours), flat(theirs), strict=True):
            a, b = np.asarray(a), np.asarray(b)
            assert a.shape == b.shape
            if b.dtype.kind == "f":
                np.testing.assert_allclose(a, b, rtol=1e-6)
            else:
                assert a.tolist() == b.tolist()
            if b.dtype.kind not in "OSU":
                assert a.dtype == b.dtype
    if name not in OTHER_NODES:
        assert own_nodes == nodes


@pytest.mark.parametrize("name", PIPELINES)
def test_elements(name: str, monkeypatch: Any) -> None:
    check(name, PIPELINES[name], monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    made: Path = tmp_path_factory.mktemp("files")
    write_files(made)
    return made


@pytest.mark.parametrize("name", [*FILES, *LISTED])
def test_files(name: str, folder: Path, monkeypatch: Any) -> None:
    build = {**FILES, **LISTED}[name]
    check(name, lambda tf: build(tf, folder), monkeypatch)
