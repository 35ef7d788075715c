"""`keras.datasets.cifar100`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import keras


def load_data(label_mode: str = "fine") -> Any:
    """`(x_train, y_train), (x_test, y_test)` with 100 ("fine") or 20 ("coarse") classes."""
    return keras("cifar100").load_data(label_mode=label_mode)
