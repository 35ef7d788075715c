"""`tf.contrib.learn.datasets`: small data sets by name."""

from __future__ import annotations

from typing import Any

from tf1x.lib import mnist as mnist
from tf1x.lib.contrib.learn.datasets import base, text_datasets
from tf1x.lib.mnist import load_mnist

DATASETS = {"iris": base.load_iris, "boston": base.load_boston, "mnist": load_mnist}
SIZED_DATASETS = {"dbpedia": text_datasets.load_dbpedia}


def load_dataset(name: str, size: str = "small", test_with_fake_data: bool = False) -> Any:
    """A data set: "iris" and "boston" as `Dataset(data, target)`, "mnist", "dbpedia" in parts.

    Args:
        size: "small" or "large", where there are two.

    Raises:
        ValueError: another name, or the data is nowhere on this machine.
    """
    if name in DATASETS:
        return DATASETS[name]()
    if name in SIZED_DATASETS:
        return SIZED_DATASETS[name](size, test_with_fake_data)
    raise ValueError(
        f"Name of dataset is not found: {name}. Known: {sorted(DATASETS | SIZED_DATASETS)}"
    )
