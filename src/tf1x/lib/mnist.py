"""MNIST as `tensorflow.examples.tutorials.mnist.input_data` served it.

    from tensorflow.examples.tutorials.mnist import input_data
    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    images, labels = mnist.train.next_batch(100)

For a given seed the rows come in the order in which TensorFlow 1 gave them. The data is looked for
in this order: the four idx `.gz` files in `train_dir`; `mnist.npz` in `train_dir` (an earlier
download); `$TF1X_DATA/mnist.npz`; `~/.keras/datasets/mnist.npz`. Failing all of these, the file
that Keras uses is downloaded to `train_dir`. Two cases never use anybody's mnist.npz, because they
ask for other pictures: a `train_dir` with "fashion" in its name wants Fashion-MNIST's idx files
there, and a `source_url` of the caller's own has its four idx files downloaded from that address
(unless that is where MNIST comes from).

This file imports neither TensorFlow nor the rest of tf1x, so that tools/oracle.py can load it too.
"""

import collections
import contextlib
import gzip
import hashlib
import os
import sys
import urllib.error
import urllib.request
import zlib

import numpy as np

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
IDX_FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
NPZ_KEYS = ("x_train", "y_train", "x_test", "y_test")

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"  # TensorFlow's
# The same files; this address has stopped answering, and programs still name it.
_ORIGINAL_URLS = tuple(f"{kind}://yann.lecun.com/exdb/mnist" for kind in ("http", "https"))
NPZ_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
NPZ_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049
MAX_SEED = 2**31 - 1

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])


def read_data_sets(
    train_dir,
    fake_data=False,
    one_hot=False,
    dtype=np.float32,
    reshape=True,
    validation_size=5000,
    seed=None,
    source_url=DEFAULT_SOURCE_URL,
):
    """Return `Datasets(train, validation, test)`; validation is the first rows of train."""
    options = {"one_hot": one_hot, "dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        return Datasets(*(DataSet([], [], fake_data=True, **options) for _ in range(3)))

    x_train, y_train, x_test, y_test = _load(train_dir, source_url or DEFAULT_SOURCE_URL)
    if not 0 <= validation_size <= len(x_train):
        raise ValueError(
            f"Validation size should be between 0 and {len(x_train)}. Received: {validation_size}."
        )
    if one_hot:
        y_train, y_test = dense_to_one_hot(y_train, 10), dense_to_one_hot(y_test, 10)
    return Datasets(
        train=DataSet(x_train[validation_size:], y_train[validation_size:], **options),
        validation=DataSet(x_train[:validation_size], y_train[:validation_size], **options),
        test=DataSet(x_test, y_test, **options),
    )


def load_mnist(train_dir="MNIST-data"):
    """As `read_data_sets(train_dir)`: the name in `tf.contrib.learn`."""
    return read_data_sets(train_dir)


class DataSet:
    """Images and labels, served in shuffled batches epoch after epoch."""

    def __init__(
        self,
        images,
        labels,
        fake_data=False,
        one_hot=False,
        dtype=np.float32,
        reshape=True,
        seed=None,
    ):
        np.random.seed(_numpy_seed(seed))
        dtype = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
        if dtype not in (np.uint8, np.float32):
            raise TypeError(f"Invalid image dtype {dtype.name!r}, expected uint8 or float32")
        self.one_hot = one_hot
        if fake_data:
            self._num_examples = 10000
        else:
            images, labels = np.asarray(images), np.asarray(labels)
            if len(images) != len(labels):
                raise ValueError(f"{len(images)} images, but {len(labels)} labels")
            if reshape and images.ndim == 4:  # rows x columns x 1: the tutorial's flat vector
                images = images.reshape(len(images), int(np.prod(images.shape[1:])))
            self._num_examples = len(images)
        # Pixels become floats of 0 to 1 batch by batch, a quarter of the memory, until somebody
        # asks for all images.
        self._unscaled = dtype == np.float32 and not fake_data
        self._images, self._labels = images, labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self):
        if self._unscaled:
            self._images, self._unscaled = _scaled(self._images), False
        return self._images

    labels = property(lambda self: self._labels)
    num_examples = property(lambda self: self._num_examples)
    epochs_completed = property(lambda self: self._epochs_completed)

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """Return the next images and labels; an epoch's rest is joined with the next one's start.

        The rows are shuffled in place with numpy's global generator before the first batch and at
        each change of epoch, as TensorFlow did: `images` and `labels` show the new order.
        """
        if fake_data:
            label = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]

        start, end = self._index_in_epoch, self._index_in_epoch + batch_size
        if start == 0 and self._epochs_completed == 0 and shuffle:
            self._shuffle()
        if end <= self._num_examples:
            self._index_in_epoch = end
            return self._rows(start, end), self._labels[start:end]

        rest_images, rest_labels = self._rows(start, None), self._labels[start:]
        self._epochs_completed += 1
        if shuffle:
            self._shuffle()
        self._index_in_epoch = end - self._num_examples
        end = self._index_in_epoch
        return (
            np.concatenate([rest_images, self._rows(0, end)]),
            np.concatenate([rest_labels, self._labels[:end]]),
        )

    def _rows(self, start, end):
        rows = self._images[start:end]
        return _scaled(rows) if self._unscaled else rows

    def _shuffle(self):
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]


_CACHE_LINE = 64


def _scaled(pixels):
    """The pixels between 0 and 1, at the start of a cache line: so XLA reads a fed array in place."""
    size = pixels.size * np.dtype(np.float32).itemsize
    memory = np.empty(size + _CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % _CACHE_LINE
    scaled = memory[start : start + size].view(np.float32).reshape(pixels.shape)
    # In one pass: fresh memory is what takes time here.
    scale = np.float32(1.0 / 255.0)
    return np.multiply(pixels, scale, out=scaled, dtype=np.float32, casting="unsafe")


def _numpy_seed(seed):
    """The caller's seed, else the graph's (`tf.set_random_seed`), else None: a fresh one."""
    tensorflow = sys.modules.get("tensorflow")
    graph_seed = tensorflow.get_default_graph().seed if tensorflow else None
    if seed is None:
        return None if graph_seed is None else graph_seed % MAX_SEED
    if seed % MAX_SEED == 0 and graph_seed == 0:  # TensorFlow's get_seed avoids the pair (0, 0)
        return MAX_SEED
    return seed % MAX_SEED


# Reading files.


def dense_to_one_hot(labels_dense, num_classes):
    """Convert class numbers to one-hot rows."""
    return np.eye(num_classes)[np.ravel(labels_dense)]


def extract_images(f):
    """Read an idx `.gz` file of images, open for binary reading, as uint8 [n, rows, columns, 1]."""
    return _read_idx(f, IMAGES_MAGIC, 3)[..., np.newaxis]


def extract_labels(f, one_hot=False, num_classes=10):
    """Read an idx `.gz` file of labels, open for binary reading, as uint8 [n] or one-hot rows."""
    labels = _read_idx(f, LABELS_MAGIC, 1)
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def _read_idx(f, magic, rank):
    """Parse a gzipped idx file: its magic number, `rank` sizes (big-endian) and the bytes."""
    name = getattr(f, "name", "<stream>")
    try:
        with gzip.GzipFile(fileobj=f) as stream:
            content = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{name} is damaged ({error}): delete it and fetch it again") from error
    header_size = 4 * (1 + rank)
    header = np.frombuffer(content[:header_size].ljust(header_size, b"\0"), ">u4")
    if header[0] != magic:
        raise ValueError(f"Invalid magic number {header[0]} in MNIST file: {name}")
    shape = tuple(int(size) for size in header[1:])
    data = np.frombuffer(content, np.uint8, offset=header_size)
    if data.size != int(np.prod(shape)):
        raise ValueError(f"{name} is damaged: {data.size} bytes of data for the shape {shape}")
    return data.reshape(shape)


def _read_npz(path):
    with np.load(path, allow_pickle=False) as arrays:
        missing = [key for key in NPZ_KEYS if key not in arrays]
        if missing:
            raise ValueError(f"{path} has no array named {', '.join(missing)}")
        x_train, y_train, x_test, y_test = (arrays[key] for key in NPZ_KEYS)
    return x_train[..., np.newaxis], y_train, x_test[..., np.newaxis], y_test


def _read_idx_files(folder):
    arrays = []
    for name in IDX_FILES:
        with open(os.path.join(folder, name), "rb") as f:
            arrays.append(extract_images(f) if "images" in name else extract_labels(f))
    return arrays


# Finding files.


def _load(train_dir, source_url):
    """Return x_train, y_train, x_test, y_test: uint8, images [n, rows, columns, 1]."""
    train_dir = os.fspath(train_dir) or "."
    if all(os.path.isfile(os.path.join(train_dir, name)) for name in IDX_FILES):
        return _read_idx_files(train_dir)

    if source_url.rstrip("/") not in (DEFAULT_SOURCE_URL.rstrip("/"), *_ORIGINAL_URLS):
        for name in IDX_FILES:
            maybe_download(name, train_dir, source_url.rstrip("/") + "/" + name)
        return _read_idx_files(train_dir)

    if "fashion" in train_dir.lower():
        raise FileNotFoundError(
            f"Fashion-MNIST's four files ({', '.join(IDX_FILES)}) are not all in {train_dir!r}. "
            "Fetch them from https://github.com/zalandoresearch/fashion-mnist and put them there."
        )

    for folder in (train_dir, os.environ.get("TF1X_DATA"), "~/.keras/datasets"):
        path = os.path.join(os.path.expanduser(folder), "mnist.npz") if folder else ""
        if os.path.isfile(path):
            return _read_npz(path)
    return _read_npz(maybe_download("mnist.npz", train_dir, NPZ_URL, NPZ_SHA256))


def maybe_download(filename, work_directory, source_url, sha256=None):
    """Download `source_url` to `work_directory/filename` unless it is there; return the path."""
    path = os.path.join(work_directory, filename)
    if os.path.exists(path):
        return path
    os.makedirs(work_directory, exist_ok=True)
    partial = f"{path}.{os.getpid()}.part"
    try:
        digest = _fetch(source_url, partial, filename)
        if sha256 and digest != sha256:
            raise ValueError(
                f"{source_url} is not the file expected (SHA-256 {digest}, not {sha256})"
            )
        os.replace(partial, path)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise OSError(
            f"No MNIST data found, and {source_url} could not be fetched ({reason}).\n"
            f"Without a network: put that file into {os.path.abspath(work_directory)}, or "
            "put an mnist.npz (x_train, y_train, x_test, y_test) into a folder and set "
            "TF1X_DATA to that folder."
        ) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
    return path


def _fetch(url, path, label):
    """Copy `url` to `path`, showing progress; return the SHA-256 of what came."""
    try:
        from tqdm import tqdm
    except ImportError:
        tqdm = None
    print(f"Downloading {url}", file=sys.stderr)
    digest, received = hashlib.sha256(), 0
    with contextlib.ExitStack() as stack:
        response = stack.enter_context(urllib.request.urlopen(url, timeout=30))
        file = stack.enter_context(open(path, "wb"))
        size = int(response.headers.get("Content-Length") or 0)
        bar = None
        if tqdm:  # disable=None: no bar where the output is not a terminal
            bar = tqdm(total=size or None, unit="B", unit_scale=True, desc=label, disable=None)
            stack.enter_context(bar)
        while chunk := response.read(1 << 16):
            file.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            if bar is not None:
                bar.update(len(chunk))
    if size and received != size:
        raise urllib.error.URLError(f"the connection broke off after {received} of {size} bytes")
    return digest.hexdigest()
