"""Small networks and corpora for the tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import tf1x as tf
from data2vis import config as configs
from data2vis import corpus
from data2vis.config import Config
from data2vis.model import Model
from data2vis.table import Table
from data2vis.trained import Options, Trained
from data2vis.vocabulary import SOURCE, TARGET


def small(units: int = 8, **options: Any) -> Config:
    """A configuration of a few units; `options` with `__` for `.` are those of the network."""
    sizes = {
        "embedding.dim": units,
        "attention.params.num_units": units,
        "encoder.params.rnn_cell.cell_params.num_units": units,
        "decoder.params.rnn_cell.cell_params.num_units": units,
        "source.max_seq_len": 48,
        "target.max_seq_len": 16,
        "optimizer.learning_rate": 0.01,
    }
    params = {key.replace("__", "."): value for key, value in options.items() if "__" in key}
    rest = {key: value for key, value in options.items() if "__" not in key}
    return configs.from_mapping(
        {
            "batch_size": 16, "targets_per_source": 4, "train_steps": 6, "eval_every_n_steps": 3,
            **rest, "model_params": {**sizes, **params},
        }
    )  # fmt: skip


@cache
def table() -> Table:
    rows = 60
    random = np.random.default_rng(0)
    return Table(
        pd.DataFrame({
            "size": random.normal(10, 3, rows).round(2), "price": random.integers(1, 90, rows),
            "kind": [f"k{i % 4}" for i in range(rows)],
            "day": pd.date_range("2021-01-01", periods=rows),
        }),
        "things",
    )  # fmt: skip


def untrained(folder: Path, config: Config) -> Trained:
    """A network with its first weights, written to a folder and read back."""
    folder.mkdir(parents=True, exist_ok=True)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        Model(config, SOURCE, TARGET)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(folder / "model.ckpt"))
    Options(config, SOURCE, TARGET, {}).write(folder)
    return Trained(folder)


def small_corpus(folder: Path) -> Path:
    """Synthetic tables, a few of them in each split, in the files that `data2vis corpus` writes."""
    import gzip
    import json

    folder.mkdir(parents=True)
    domains = {"train": "used cars", "validation": "water quality", "test": "music"}
    for split, domain in domains.items():
        lines = []
        for number in range(6 if split == "train" else 2):
            example, frame = corpus._make((split, domain, domain, number, 0)) or (None, None)
            assert example is not None
            line = {
                "table": example.table, "source": example.source, "rows": example.rows,
                "targets": example.targets[:14],
            }  # fmt: skip
            lines.append(json.dumps(line) + "\n")
            if frame is not None:
                (folder / "tables").mkdir(exist_ok=True)
                name = example.table.replace("/", "-")
                frame.to_csv(folder / "tables" / f"{name}.csv", index=False)
        with gzip.open(folder / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(lines)
    (folder / "manifest.json").write_text("{}\n")
    return folder
