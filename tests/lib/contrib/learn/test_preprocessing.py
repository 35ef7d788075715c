"""Words and categories to numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tf1x as tf

preprocessing = tf.contrib.learn.preprocessing
TEXTS = ["I like you", "you don't know HTMLParser me, you"]


def test_words_to_ids_and_back() -> None:
    processor = preprocessing.VocabularyProcessor(5)
    ids = np.array(list(processor.fit_transform(TEXTS)))
    assert ids.dtype == np.int64
    assert ids.tolist() == [[1, 2, 3, 0, 0], [3, 4, 5, 6, 7]]
    assert list(processor.reverse(ids)) == ["I like you <UNK> <UNK>", "you don't know HTML Parser"]
    assert len(processor.vocabulary_) == 9
    assert [row.tolist() for row in processor.transform(["new you"])] == [[0, 3, 0, 0, 0]]


def test_rare_words_are_unknown() -> None:
    processor = preprocessing.VocabularyProcessor(3, min_frequency=1)
    assert [r.tolist() for r in processor.fit_transform(TEXTS)] == [[0, 0, 1], [1, 0, 0]]


def test_own_tokenizer_and_vocabulary() -> None:
    words = preprocessing.CategoricalVocabulary()
    words.get("b")
    processor = preprocessing.VocabularyProcessor(
        2, vocabulary=words, tokenizer_fn=lambda texts: (t.split("-") for t in texts)
    )
    assert [r.tolist() for r in processor.fit_transform(["a-b", "b"])] == [[2, 1], [1, 0]]


def test_saved_and_restored(tmp_path: Path) -> None:
    path = str(tmp_path / "vocabulary")
    processor = preprocessing.VocabularyProcessor(4)
    ids = list(processor.fit_transform(TEXTS))
    processor.save(path)
    restored = preprocessing.VocabularyProcessor.restore(path)
    np.testing.assert_array_equal(list(restored.transform(TEXTS)), ids)
    assert restored.max_document_length == 4


@pytest.mark.parametrize("content", [b"\x80\x04cos\nsystem\n", b"[]", b'{"words": 3}'])
def test_a_damaged_file_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vocabulary"
    path.write_bytes(content)
    with pytest.raises(tf.errors.DataLossError, match="fit a VocabularyProcessor anew"):
        preprocessing.VocabularyProcessor.restore(str(path))


def test_bytes() -> None:
    processor = preprocessing.ByteProcessor(4)
    rows = list(processor.transform(["abc", "häuser"]))
    assert [row.tolist() for row in rows] == [[97, 98, 99, 0], [104, 195, 164, 117]]
    assert next(processor.reverse(rows[:1])) == "abc"


def test_categories() -> None:
    rows = [["0", "Male"], ["a", "Female"], ["0", ""]]
    processor = preprocessing.CategoricalProcessor(min_frequency=1)
    assert [r.tolist() for r in processor.fit_transform(rows)] == [[1, 0], [0, 0], [1, 0]]
    shared = preprocessing.CategoricalProcessor(share=True)
    assert [r.tolist() for r in shared.fit_transform(rows)] == [[1, 2], [3, 4], [1, 0]]
