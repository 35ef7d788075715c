"""The network of 2018 (`char_bi`): a training step of Data2Vis on tf1x, beside PyTorch.

The batch is one of the corpus in size: 32 tables of 128 characters, a chart of 192 for each.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from benchmarks.steps import HEAD, engines, line, summary, timed

PAIRS, SOURCE, TARGET, UNITS, EMBEDDING = 32, 128, 192, 512, 512
CHARACTERS = 3 + len(string.printable)
KEEP, RATE, EPSILON, CLIP = 0.5, 1e-4, 8e-7, 5.0


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Ids of characters of the sources and of the targets, `<start>` first."""
    random = np.random.default_rng(0)
    source = random.integers(3, CHARACTERS, [PAIRS, SOURCE])
    target = random.integers(3, CHARACTERS, [PAIRS, TARGET + 1])
    target[:, 0] = 1
    return source, target


def char_bi(tf: Any) -> Any:
    """A training step under tf1x."""
    from data2vis.config import load
    from data2vis.model import Model
    from data2vis.vocabulary import Vocabulary

    characters = Vocabulary(("<pad>", "<start>", "<end>", *string.printable), "")
    tf.set_random_seed(0)
    model = Model(load("char_bi"), characters, characters, training=True)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    source, target = batch()
    feed = {
        model.source: source,
        model.source_lengths: np.full(PAIRS, SOURCE),
        model.target: target,
        model.target_lengths: np.full(PAIRS, TARGET + 1),
    }
    return lambda: session.run([model.loss, model.train_op], feed)


STEPS = {"char_bi": 1}


def run() -> dict[str, dict[str, float]]:
    """Milliseconds of a step, in alternating rounds of one run."""
    found = summary(timed("char_bi", engines("tf1x", "torch"), 5), "ms", 1e3)
    print(f"{'one step, ms':22s}{HEAD}\n{line('char_bi', found, 'ms')}", flush=True)
    return {"char_bi": found}
