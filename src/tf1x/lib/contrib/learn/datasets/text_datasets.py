"""The DBpedia ontology texts: `tf.contrib.learn.datasets.text_datasets`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tf1x.lib import mnist
from tf1x.lib.contrib.learn.datasets import base

_FOLDER = "dbpedia_data/dbpedia_csv"


def load_dbpedia(size: str = "small", test_with_fake_data: bool = False) -> Any:
    """Titles and texts of Wikipedia articles with their class, from CSV files.

    Args:
        size: "small" for every 1000th line of the files, as `base.shrink_csv` makes them.

    The files `train.csv` and `test.csv` are looked for in `dbpedia_data/dbpedia_csv` and in
    `$TF1X_DATA/dbpedia_csv`.

    Raises:
        ValueError: they are not there (tf1x does not download the archive of 70 MB).
    """
    folders = [_FOLDER, os.path.join(os.environ.get("TF1X_DATA", ""), "dbpedia_csv")]
    folder = next((f for f in folders if os.path.exists(os.path.join(f, "train.csv"))), None)
    if folder is None or test_with_fake_data:
        raise ValueError(
            f"No train.csv and test.csv of the DBpedia ontology in {' or '.join(folders)}. Unpack "
            "dbpedia_csv.tar.gz there."
        )
    parts = []
    for name in ("train", "test"):
        path = os.path.join(folder, f"{name}.csv")
        if size == "small":
            small = os.path.join(folder, f"{name}_small.csv")
            if not os.path.exists(small):
                base.shrink_csv(path, 1000)
            path = small
        parts.append(base.load_csv_without_header(path, np.int32, "str", target_column=0))
    return mnist.Datasets(train=parts[0], validation=None, test=parts[1])
