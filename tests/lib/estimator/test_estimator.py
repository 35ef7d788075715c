"""Estimators do what tensorflow-estimator 2.15 on TensorFlow 2.21 did: results, files, log lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tf1x as tf
from tests.lib.estimator.programs import PROGRAMS, comparable, plain
from tests.lib.train.session_programs import logged

_RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_recorded(name: str, tmp_path: Path) -> None:
    tf.logging.get_verbosity()  # loaded, it sets the level
    with logged(str(tmp_path)) as lines, tf.Graph().as_default():
        result = plain(PROGRAMS[name](tf, str(tmp_path)))
    tf.summary.FileWriterCache.clear()
    expected, expected_lines = _RECORDED[name]
    assert _close(result, expected)
    assert comparable(lines) == expected_lines


def _close(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, float):
        return bool(ours == pytest.approx(theirs, abs=2e-5))
    if isinstance(theirs, list):
        same = isinstance(ours, list) and len(ours) == len(theirs)
        assert same, f"{ours} != {theirs}"
        return all(_close(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), f"{list(ours)} != {list(theirs)}"
        return all(_close(ours[key], theirs[key]) for key in theirs)
    assert ours == theirs, f"{ours!r} != {theirs!r}"
    return True
