"""BLEU and ROUGE against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from data2vis.metrics import bleu, rouge, rouge_l, rouge_n

_CAT = ["the", "cat", "sat", "on", "the", "mat"]


def test_bleu_of_equals_is_100() -> None:
    assert bleu([_CAT], [[_CAT]]) == pytest.approx(100.0)


def test_bleu_of_two_grams() -> None:
    # Words: 2 of 3 (`the` counts as often as some reference has it); pairs: 1 of 2. No penalty.
    found = bleu([["the", "the", "cat"]], [[["the", "cat", "sat"]]], order=2)
    assert found == pytest.approx(100.0 * math.sqrt(2 / 3 * 1 / 2))


def test_bleu_penalises_what_is_short() -> None:
    found = bleu([_CAT[:4]], [[_CAT]])
    assert found == pytest.approx(100.0 * math.exp(1 - 6 / 4))


def test_bleu_takes_the_nearest_reference() -> None:
    assert bleu([_CAT[:5]], [[_CAT, _CAT[:5]]]) == pytest.approx(100.0)
    assert bleu([["dog"]], [[_CAT]]) == 0.0


def test_rouge() -> None:
    other = ["the", "cat", "on", "the", "big", "mat"]
    assert rouge_n(other, _CAT, 1) == pytest.approx(5 / 6)
    assert rouge_n(other, _CAT, 2) == pytest.approx(2 / 5)
    assert rouge_l(other, _CAT) == pytest.approx(5 / 6)
    found = rouge([other, _CAT], [[_CAT], [["x"], _CAT]])
    assert found["rouge_1"] == pytest.approx(100 * (5 / 6 + 1) / 2)
    assert rouge_n([], _CAT, 1) == 0.0
