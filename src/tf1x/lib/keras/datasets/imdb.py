"""`keras.datasets.imdb`: 50,000 film reviews as word ranks, good (1) or bad (0)."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import keras


def load_data(
    path: str = "imdb.npz", num_words: int | None = None, skip_top: int = 0,
    maxlen: int | None = None, seed: int = 113, start_char: int | None = 1,
    oov_char: int | None = 2, index_from: int = 3, nb_words: int | None = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """`(x_train, y_train), (x_test, y_test)`: arrays of lists of int, and labels.

    Args:
        num_words: keep so many of the most frequent words; others become `oov_char`.
        skip_top: leave out so many of the most frequent words.
        maxlen: leave out longer reviews.
        index_from: what is added to the ranks.
    """
    words = num_words if num_words is not None else nb_words
    return keras("imdb").load_data(
        path, words, skip_top, maxlen, seed, start_char, oov_char, index_from
    )


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Words and their ranks (1 is the most frequent)."""
    return keras("imdb").get_word_index(path)
