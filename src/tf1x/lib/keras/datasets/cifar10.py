"""`keras.datasets.cifar10`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import arrays


def load_data() -> Any:
    """`(x_train, y_train), (x_test, y_test)`: uint8 pictures (N, 32, 32, 3) and classes (N, 1)."""
    return arrays("cifar10.npz", "cifar10")
