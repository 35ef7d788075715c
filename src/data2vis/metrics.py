"""How close texts are to their references: BLEU and ROUGE, over tokens or characters.

A hypothesis may have several references, such as all the charts that the corpus has for a table.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

Words = Sequence[str]


def _ngrams(words: Words, order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def bleu(
    hypotheses: Sequence[Words], references: Sequence[Sequence[Words]], order: int = 4
) -> float:
    """BLEU of a corpus, 0 to 100 (Papineni 2002): the geometric mean of the shares of n-grams, up
    to `order` words, that some reference has, times a penalty if the hypotheses are shorter than
    the references that are nearest in length."""
    matched, total = [0] * order, [0] * order
    length = reference_length = 0
    for words, several in zip(hypotheses, references, strict=True):
        length += len(words)
        reference_length += min(
            (len(reference) for reference in several), key=lambda n: (abs(n - len(words)), n)
        )
        for n in range(order):
            found = _ngrams(words, n + 1)
            most: Counter[tuple[str, ...]] = Counter()
            for reference in several:
                most |= _ngrams(reference, n + 1)
            matched[n] += sum((found & most).values())
            total[n] += max(0, len(words) - n)
    if not length or not all(matched):
        return 0.0
    mean = sum(math.log(m / t) for m, t in zip(matched, total)) / order
    return 100.0 * math.exp(mean + min(0.0, 1.0 - reference_length / length))


def _f1(matched: float, found: int, wanted: int) -> float:
    return 2.0 * matched / (found + wanted) if matched else 0.0


def rouge_n(words: Words, reference: Words, order: int) -> float:
    """The F1 of the n-grams that both have (Lin 2004), 0 to 1."""
    found, wanted = _ngrams(words, order), _ngrams(reference, order)
    return _f1(sum((found & wanted).values()), sum(found.values()), sum(wanted.values()))


def rouge_l(words: Words, reference: Words) -> float:
    """The F1 of the longest sequence of words that both have in this order, 0 to 1."""
    row = [0] * (len(reference) + 1)
    for word in words:
        before = 0
        for j, other in enumerate(reference, 1):
            before, row[j] = row[j], before + 1 if word == other else max(row[j], row[j - 1])
    return _f1(row[-1], len(words), len(reference))


def rouge(hypotheses: Sequence[Words], references: Sequence[Sequence[Words]]) -> dict[str, float]:
    """ROUGE-1, -2 and -L of a corpus, 0 to 100: means of the F1 with the best reference."""
    measures = {
        "rouge_1": lambda a, b: rouge_n(a, b, 1),
        "rouge_2": lambda a, b: rouge_n(a, b, 2),
        "rouge_l": rouge_l,
    }
    return {
        name: 100.0
        * sum(
            max(measure(words, reference) for reference in several)
            for words, several in zip(hypotheses, references, strict=True)
        )
        / max(1, len(hypotheses))
        for name, measure in measures.items()
    }
