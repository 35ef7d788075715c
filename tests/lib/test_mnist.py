"""`tensorflow.examples.tutorials.mnist.input_data`: order of the rows, files, failures."""

import ast
import gzip
import hashlib
import importlib.util
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tf1x" / "lib" / "mnist.py"
TRAIN, TEST = 23, 5


@pytest.fixture
def mnist(monkeypatch, tmp_path):
    """The module, loaded as tools/oracle.py loads it, where no data set can be found by chance."""
    monkeypatch.delenv("TF1X_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    spec = importlib.util.spec_from_file_location("mnist_under_test", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def digits(first=0):
    """A tiny data set; row i of train is full of `first + i`, so that rows can be recognised."""
    x_train = np.zeros((TRAIN, 28, 28), np.uint8) + np.arange(first, first + TRAIN)[:, None, None]
    x_test = np.zeros((TEST, 28, 28), np.uint8) + np.arange(first, first + TEST)[:, None, None]
    labels = (np.arange(TRAIN) % 10).astype(np.uint8)
    return {
        "x_train": x_train.astype(np.uint8),
        "y_train": labels,
        "x_test": x_test.astype(np.uint8),
        "y_test": labels[:TEST],
    }


def write_npz(folder, first=0):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "mnist.npz", **digits(first))
    return folder / "mnist.npz"


def write_idx(folder, first=0):
    folder.mkdir(parents=True, exist_ok=True)
    data = digits(first)
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images, labels = data[f"x_{part}"], data[f"y_{part}"]
        header = struct.pack(">4I", 2051, *images.shape)
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(header + images.tobytes())
        )
        header = struct.pack(">2I", 2049, len(labels))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(header + labels.tobytes())
        )


def rows(images):
    return np.rint(np.asarray(images).reshape(len(images), -1)[:, 0] * 255).astype(int).tolist()


def test_imports_numpy_and_the_standard_library_only():
    imported = set()
    for node in ast.parse(SOURCE.read_text()).body:
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"numpy"}


def test_shapes_scale_and_split(mnist, tmp_path):
    write_npz(tmp_path)
    sets = mnist.read_data_sets(str(tmp_path), one_hot=True, validation_size=7)
    assert sets._fields == ("train", "validation", "test")
    assert [part.num_examples for part in sets] == [TRAIN - 7, 7, TEST]
    assert sets.train.images.shape == (TRAIN - 7, 784)
    assert sets.train.images.dtype == np.float32
    assert rows(sets.validation.images) == list(range(7))
    assert rows(sets.train.images) == list(range(7, TRAIN))
    assert sets.train.images[0, 0] == np.float32(7) * np.float32(1 / 255)
    np.testing.assert_array_equal(sets.test.labels, np.eye(10)[:TEST])

    raw = mnist.read_data_sets(str(tmp_path), reshape=False, dtype=np.uint8, validation_size=0)
    assert raw.train.images.shape == (TRAIN, 28, 28, 1)
    assert raw.train.images.dtype == raw.train.labels.dtype == np.uint8


def test_scaled_images_begin_a_cache_line(mnist, tmp_path):
    """XLA reads a fed array where it lies if it begins one, and copies it otherwise."""
    write_npz(tmp_path)
    data = mnist.read_data_sets(tmp_path, validation_size=1)
    for images in (data.test.images, data.train.next_batch(7)[0], data.train.next_batch(9)[0]):
        assert images.ctypes.data % 64 == 0


def test_dtype_may_be_tensorflows(mnist, tmp_path):
    write_npz(tmp_path)
    tf_uint8 = types.SimpleNamespace(as_numpy_dtype=np.uint8)
    assert (
        mnist.read_data_sets(tmp_path, dtype=tf_uint8, validation_size=1).test.images.dtype
        == np.uint8
    )
    with pytest.raises(TypeError, match="expected uint8 or float32"):
        mnist.read_data_sets(tmp_path, dtype=np.float64, validation_size=1)


@pytest.mark.parametrize("size", [-1, TRAIN + 1])
def test_validation_size_out_of_range(mnist, tmp_path, size):
    write_npz(tmp_path)
    with pytest.raises(ValueError, match=f"between 0 and {TRAIN}"):
        mnist.read_data_sets(tmp_path, validation_size=size)


def test_batches_come_in_tensorflows_order(mnist, tmp_path):
    """Epoch one shuffles the rows, every later one shuffles the shuffled rows again."""
    write_npz(tmp_path)
    train = mnist.read_data_sets(tmp_path, seed=777, validation_size=0).train
    generator = np.random.RandomState(777)
    order, expected = np.arange(TRAIN), []
    for _ in range(3):
        permutation = np.arange(TRAIN)
        generator.shuffle(permutation)
        order = order[permutation]
        expected += order.tolist()

    served, epochs = [], []
    for _ in range(12):  # 60 rows: epochs change inside batches 5 and 10
        images, labels = train.next_batch(5)
        assert rows(images) == [row for row in rows(images) if row % 10 in labels]
        served += rows(images)
        epochs.append(train.epochs_completed)
    assert served == expected[:60]
    assert epochs == [0] * 4 + [1] * 5 + [2] * 3


def test_batches_are_slices_of_the_images(mnist, tmp_path):
    """Also once somebody has looked at all images, and changed them."""
    write_npz(tmp_path)
    train = mnist.read_data_sets(tmp_path, seed=1, validation_size=0).train
    before, _ = train.next_batch(5)
    np.testing.assert_array_equal(train.images[:5], before)
    train.images[5] = 0.5
    after, _ = train.next_batch(5)
    assert before.dtype == after.dtype == np.float32
    np.testing.assert_array_equal(train.images[5:10], after)
    assert (after[0] == 0.5).all()


def test_no_shuffle(mnist, tmp_path):
    write_npz(tmp_path)
    train = mnist.read_data_sets(tmp_path, validation_size=0).train
    served = [row for _ in range(6) for row in rows(train.next_batch(5, shuffle=False)[0])]
    assert served == [*range(TRAIN), *range(30 - TRAIN)]


@pytest.mark.parametrize(
    ("graph_seed", "seed", "numpy_seed"),
    [
        (777, None, 777),
        (None, 5, 5),
        (777, 5, 5),
        (0, None, 0),
        (None, 0, 0),
        (0, 0, 2**31 - 1),
        (2**31, None, 1),
    ],
)
def test_seeds(mnist, monkeypatch, graph_seed, seed, numpy_seed):
    """numpy is seeded as TensorFlow's `random_seed.get_seed` says."""
    graph = types.SimpleNamespace(seed=graph_seed)
    tensorflow = types.SimpleNamespace(get_default_graph=lambda: graph)
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    mnist.DataSet(np.zeros((3, 28, 28, 1)), np.zeros(3), seed=seed)
    assert np.random.randint(2**31) == np.random.RandomState(numpy_seed).randint(2**31)


def test_no_seed_at_all_is_a_fresh_one(mnist):
    draws = set()
    for _ in range(4):
        np.random.seed(0)
        mnist.DataSet(np.zeros((3, 28, 28, 1)), np.zeros(3))
        draws.add(np.random.randint(2**31))
    assert len(draws) > 1


def test_order_in_which_files_are_found(mnist, monkeypatch, tmp_path):
    train_dir = tmp_path / "MNIST_data"

    def found():
        return rows(mnist.read_data_sets(str(train_dir), validation_size=0).train.images)[0]

    write_npz(tmp_path / "home" / ".keras" / "datasets", first=1)
    assert found() == 1
    write_npz(tmp_path / "shared", first=2)
    monkeypatch.setenv("TF1X_DATA", str(tmp_path / "shared"))
    assert found() == 2
    write_npz(train_dir, first=3)
    assert found() == 3
    write_idx(train_dir, first=4)
    assert found() == 4


def test_fashion_wants_its_own_files(mnist, monkeypatch, tmp_path):
    write_npz(tmp_path / "shared")
    monkeypatch.setenv("TF1X_DATA", str(tmp_path / "shared"))
    folder = tmp_path / "data" / "Fashion"
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte.gz.*put them there"):
        mnist.read_data_sets(str(folder))
    write_idx(folder, first=9)
    assert rows(mnist.read_data_sets(str(folder), validation_size=0).train.images)[0] == 9


def test_own_source_url_is_obeyed(mnist, monkeypatch, tmp_path):
    write_npz(tmp_path / "shared")
    monkeypatch.setenv("TF1X_DATA", str(tmp_path / "shared"))
    write_idx(tmp_path / "server", first=6)
    url = (tmp_path / "server").as_uri() + "/"
    sets = mnist.read_data_sets(str(tmp_path / "new"), validation_size=0, source_url=url)
    assert rows(sets.train.images)[0] == 6
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(mnist.IDX_FILES)


def test_download(mnist, monkeypatch, tmp_path):
    source = write_npz(tmp_path / "server", first=8)
    monkeypatch.setattr(mnist, "NPZ_URL", source.as_uri())
    monkeypatch.setattr(mnist, "NPZ_SHA256", hashlib.sha256(source.read_bytes()).hexdigest())
    sets = mnist.read_data_sets(str(tmp_path / "new"), validation_size=0)
    assert rows(sets.train.images)[0] == 8
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mnist.npz"]


def test_download_of_something_else_is_refused(mnist, monkeypatch, tmp_path):
    monkeypatch.setattr(mnist, "NPZ_URL", write_npz(tmp_path / "server").as_uri())
    with pytest.raises(ValueError, match="is not the file expected"):
        mnist.read_data_sets(str(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []


def test_no_network(mnist, monkeypatch, tmp_path):
    monkeypatch.setattr(mnist, "NPZ_URL", "http://127.0.0.1:9/mnist.npz")
    with pytest.raises(OSError, match=r"(?s)Without a network: put that file into .*TF1X_DATA"):
        mnist.read_data_sets(str(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not gzip at all", "damaged"),
        (gzip.compress(b"")[:-1], "damaged"),
        (gzip.compress(b""), "Invalid magic number"),
        (gzip.compress(struct.pack(">4I", 2049, 1, 28, 28)), "Invalid magic number 2049"),
        (gzip.compress(struct.pack(">4I", 2051, TRAIN, 28, 28) + b"123"), "3 bytes of data"),
    ],
    # A gzip header holds the time, so the contents would be other names in every test worker.
    ids=["no gzip", "cut off", "empty", "labels", "too short"],
)
def test_damaged_idx_file(mnist, tmp_path, content, message):
    write_idx(tmp_path)
    (tmp_path / mnist.TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        mnist.read_data_sets(str(tmp_path))
    assert mnist.TRAIN_IMAGES in str(error.value)


def test_npz_without_the_arrays(mnist, tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(1), y_train=np.zeros(1))
    with pytest.raises(ValueError, match="no array named x_test, y_test"):
        mnist.read_data_sets(str(tmp_path))


def test_extract_functions(mnist, tmp_path):
    write_idx(tmp_path)
    with open(tmp_path / mnist.TEST_IMAGES, "rb") as f:
        assert mnist.extract_images(f).shape == (TEST, 28, 28, 1)
    with open(tmp_path / mnist.TEST_LABELS, "rb") as f:
        np.testing.assert_array_equal(mnist.extract_labels(f, one_hot=True), np.eye(10)[:TEST])


def test_fake_data(mnist, tmp_path):
    sets = mnist.read_data_sets(str(tmp_path), fake_data=True, one_hot=True)
    images, labels = sets.train.next_batch(3, fake_data=True)
    assert sets.train.num_examples == 10000
    assert np.shape(images) == (3, 784)
    assert labels == [[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]] * 3
