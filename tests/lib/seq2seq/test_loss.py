"""`sequence_loss` against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.seq2seq import reference as ref
from tests.lib.seq2seq.programs import numbers, run

sequence_loss = tf1x.contrib.seq2seq.sequence_loss
LOGITS = numbers(2, 3, 4)
TARGETS = np.int32([[0, 3, 1], [2, 2, 0]])
WEIGHTS = np.float32([[1, 1, 0.5], [2, 0, 0]])
STEPS = -np.take_along_axis(ref.log_softmax(LOGITS), TARGETS[..., None], 2)[..., 0] * WEIGHTS
COUNTS = (WEIGHTS != 0).astype(np.float32)

# (average over time, over the batch, sum over time, over the batch): the loss.
FORMS: dict[tuple[bool, bool, bool, bool], Any] = {
    (True, True, False, False): STEPS.sum() / WEIGHTS.sum(),
    (True, False, False, False): STEPS.sum(1) / WEIGHTS.sum(1),
    (False, True, False, False): STEPS.sum(0) / WEIGHTS.sum(0),
    (False, False, False, False): STEPS,
    (False, False, True, True): STEPS.sum() / COUNTS.sum(),
    (False, False, True, False): STEPS.sum(1) / COUNTS.sum(1),
    (False, False, False, True): STEPS.sum(0) / COUNTS.sum(0),
}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_forms(form: tuple[bool, bool, bool, bool]) -> None:
    found, _ = run(lambda: sequence_loss(LOGITS, TARGETS, WEIGHTS, *form))
    np.testing.assert_allclose(found, FORMS[form], rtol=1e-5)


def test_nothing_counts() -> None:
    found, _ = run(
        lambda: [
            sequence_loss(LOGITS, TARGETS, np.zeros_like(WEIGHTS)),
            sequence_loss(LOGITS, TARGETS, np.zeros_like(WEIGHTS), average_across_batch=False),
        ]
    )
    assert found[0] == 0
    np.testing.assert_array_equal(found[1], [0, 0])


def test_another_loss() -> None:
    def loss(labels: Any, logits: Any) -> Any:
        assert (labels.shape.as_list(), logits.shape.as_list()) == ([6], [6, 4])
        return tf1x.cast(labels, tf1x.float32)

    found, _ = run(lambda: sequence_loss(LOGITS, TARGETS, WEIGHTS, softmax_loss_function=loss))
    np.testing.assert_allclose(found, (TARGETS * WEIGHTS).sum() / WEIGHTS.sum(), rtol=1e-6)


def test_wrong_arguments() -> None:
    with tf1x.Graph().as_default():
        for match, arguments, options in (
            ("Logits must be", (LOGITS[0], TARGETS, WEIGHTS), {}),
            ("Targets must be", (LOGITS, TARGETS[0], WEIGHTS), {}),
            ("Weights must be", (LOGITS, TARGETS, WEIGHTS[0]), {}),
            ("average_across_timesteps and", (LOGITS, TARGETS, WEIGHTS), {"sum_over_timesteps": True}),
            ("average_across_batch and", (LOGITS, TARGETS, WEIGHTS), {"sum_over_batch": True}),
        ):  # fmt: skip
            with pytest.raises(ValueError, match=match):
                sequence_loss(*arguments, **options)
