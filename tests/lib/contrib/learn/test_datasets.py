"""CSV files and small data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tf1x as tf

base = tf.contrib.learn.datasets.base


def test_csv_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("2,3,setosa,virginica\n1,2,3,0\n4,5,6.5,1\n")
    found = base.load_csv_with_header(str(path), np.int32, np.float32)
    assert found.data.tolist() == [[1, 2, 3], [4, 5, 6.5]]
    assert found.target.tolist() == [0, 1]
    assert (found.data.dtype, found.target.dtype) == (np.float32, np.int32)
    path.write_text("1,2,3\n4,5,6\n")
    found = base.load_csv_without_header(str(path), np.int64, np.float64, target_column=0)
    assert (found.data.tolist(), found.target.tolist()) == ([[2, 3], [5, 6]], [1, 4])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "first line"),
        ("2,2\n1,2,0\n", "2 rows of 2 features are announced"),
        ("1,2\n1,x,0\n", "line 2"),
        ("2,2\n1,2,0\n1,0\n", "line 3"),
    ],
)
def test_a_damaged_csv_file_is_an_error(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        base.load_csv_with_header(str(path), np.int32, np.float32)


def test_data_sets_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF1X_DATA", str(tmp_path))
    load = tf.contrib.learn.datasets.load_dataset
    iris = load("iris")
    assert (iris.data.shape, iris.target.shape) == ((150, 4), (150,))
    with pytest.raises(ValueError, match="not found"):
        load("nothing")
    with pytest.raises(ValueError, match="ships no Boston data"):
        load("boston")
    names = ",".join(f"n{i}" for i in range(14))
    row = ",".join(map(str, range(14)))
    (tmp_path / "boston_house_prices.csv").write_text(f"1,13\n{names}\n{row}\n")
    boston = load("boston")
    assert (boston.data.tolist(), boston.target.tolist()) == ([list(range(13))], [13])
