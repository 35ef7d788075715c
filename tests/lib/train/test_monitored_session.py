"""Monitored sessions, hooks and supervisors do what TensorFlow 2.21's do: calls, files, log lines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tf1x
from tests.lib.train.session_programs import PROGRAMS, logged
from tests.oracle import tf1

# What ours says in other words, or only the other says.
_NOT_COMPARED = (
    "lost",
    "preemption",
    "session is complete",
    "non-resource variables",
    "Instructions for updating",
    "is deprecated",
    "rror encountered when serializing",
    "is not written to the MetaGraph",
    "object has no attribute",
    "to proto",
    "Use eager execution",
    "Queue-based input pipelines",
    "all_hooks",
    "Error reported to Coordinator",
    "has not been increased",  # its hooks race with the step: see below
)


def _outcome(tf: Any, name: str, folder: Path) -> tuple[Any, list[str]]:
    folder.mkdir()
    tf.logging.get_verbosity()  # loaded, it sets the level
    with logged(str(folder)) as lines, tf.Graph().as_default():
        result = PROGRAMS[name](tf, str(folder))
    return result, [line for line in lines if not any(part in line for part in _NOT_COMPARED)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_tensorflow(name: str, tmp_path: Path) -> None:
    ours, our_lines = _outcome(tf1x, name, tmp_path / "ours")
    if name.startswith("supervisor"):  # its threads log in any order
        our_lines.sort()
    # TensorFlow's hooks read the global step before or after the step that is running: it races.
    for attempt in range(12):
        theirs, their_lines = _outcome(tf1, name, tmp_path / f"theirs{attempt}")
        if name.startswith("supervisor"):
            their_lines.sort()
        if (ours, our_lines) == (theirs, their_lines):
            return
    assert ours == theirs
    assert our_lines == their_lines


def test_step_counter_warns_of_a_step_that_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tf = tf1x
    # A process says it five times only, and other tests may have heard it.
    monkeypatch.setattr(tf1x.lib.logging, "_counts", Counter())
    with logged(str(tmp_path)) as lines, tf.Graph().as_default():
        tf.train.get_or_create_global_step()
        hook = tf.train.StepCounterHook(every_n_steps=1, output_dir=str(tmp_path))
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            for _ in range(2):
                session.run(())
    assert any("global step (tf.train.get_global_step) has not been increased" in x for x in lines)
