"""Hooks that end training early, by what evaluations wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tf1x as tf
from tests.lib.estimator.programs import dataset_fn, estimator

hooks = tf.estimator.experimental


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "stops"),
    [
        (lambda made: hooks.make_early_stopping_hook(made, lambda: True, None, 4), True),
        (lambda made: hooks.stop_if_lower_hook(made, "m", 0.5, run_every_secs=0), True),
        (lambda made: hooks.stop_if_higher_hook(made, "m", 5.0, run_every_secs=0), False),
        (lambda made: hooks.stop_if_no_decrease_hook(made, "m", 30, run_every_secs=0), True),
        (lambda made: hooks.stop_if_no_decrease_hook(made, "m", 300, run_every_secs=0), False),
        (lambda made: hooks.stop_if_no_increase_hook(made, "m", 10, None, 25, 0), True),
        (lambda made: hooks.stop_if_lower_hook(made, "m", 0.5, None, 21, 0), False),
    ],
    ids=["always", "lower", "higher", "no_decrease", "decrease", "no_increase", "min_steps"],
)
def test_stops(make: Any, stops: bool, tmp_path: Path) -> None:
    made = estimator(tf, str(tmp_path))
    with tf.summary.FileWriter(made.eval_dir()) as writer:
        for step, value in ((10, 2.0), (20, 0.25), (30, 1.5), (60, 1.0)):
            summary = tf.Summary(value=[tf.Summary.Value(tag="m", simple_value=value)])
            writer.add_summary(summary, step)
    made.train(dataset_fn(tf, None), hooks=[make(made)], max_steps=8)
    found = made.get_variable_value("global_step")
    assert (found < 8) == stops


def test_what_is_refused(tmp_path: Path) -> None:
    made = estimator(tf, str(tmp_path))
    with pytest.raises(TypeError, match="estimator"):
        hooks.make_early_stopping_hook(1, lambda: True)
    with pytest.raises(TypeError, match="callable"):
        hooks.make_early_stopping_hook(made, 1)
    with pytest.raises(ValueError, match="one of"):
        hooks.make_early_stopping_hook(made, lambda: True, 1, 1)
