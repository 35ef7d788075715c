"""The course's Keras programs, run quickly on small stand-ins for their data."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests import processes

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    rng = np.random.RandomState(0)
    labels = (np.arange(1200) % 10).astype(np.uint8)
    images = rng.randint(0, 80, (1200, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 3] += 150
    halves = {"x_train": images[:1000], "y_train": labels[:1000]}
    rest = {"x_test": images[1000:], "y_test": labels[1000:]}
    np.savez(folder / "fashion_mnist.npz", **halves, **rest)
    good = np.arange(3000) % 2
    reviews = np.empty(3000, object)
    for i, kind in enumerate(good):
        reviews[i] = [int(w) for w in rng.randint(1 + 40 * kind, 50 + 40 * kind, 20)]
    np.savez(
        folder / "imdb.npz",
        x_train=reviews[:2500], y_train=good[:2500], x_test=reviews[2500:], y_test=good[2500:],
    )  # fmt: skip
    (folder / "imdb_word_index.json").write_text(json.dumps({f"w{i}": i for i in range(1, 200)}))
    return folder


@pytest.mark.parametrize("name", ["fashion_mnist_keras", "imdb_keras"])
def test_program_learns(name: str, data: Path, tmp_path: Path) -> None:
    program = str(EXAMPLES / f"{name}.py")
    done = processes.tf1x("run", program, "--quick", cwd=tmp_path, TF1X_DATA=str(data))
    assert done.returncode == 0, done.stderr
    found = re.search(r"accuracy (\d\.\d+) \(wanted", done.stdout)
    assert found, done.stdout
    assert float(found[1]) > 0.4
