"""`tf.estimator.inputs`: input_fns from NumPy arrays and pandas data frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.lib.estimator.feeding import enqueue_data


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """An input_fn that gives batches of the rows of arrays.

    Args:
        x: a dict of arrays, or one array; the features will have the same form.
        y: labels: an array, a dict of them, or None.
        batch_size: rows in a batch; the last one may have fewer.
        num_epochs: how often all rows are given; None: endlessly.
        shuffle: True for a random order; to be given.
        queue_capacity: how many rows a queue holds.
        num_threads: threads that read; 1 for each row to be given once an epoch.

    Raises:
        ValueError: `shuffle` is not given; (when called) empty arrays or arrays of different lengths.
        TypeError (when called): `x` is neither a dict nor an array.
    """
    _check_shuffle(shuffle)

    def input_fn() -> Any:
        if isinstance(x, dict):
            features = dict(sorted(x.items()))
        elif isinstance(x, np.ndarray):
            features = {"": x}
        else:
            raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
        if not features or (isinstance(x, np.ndarray) and x.size == 0):
            kind = "dict" if isinstance(x, dict) else "array"
            raise ValueError(f"x cannot be an empty {kind}")
        if isinstance(y, dict):
            if not y:
                raise ValueError("y cannot be empty dict, use None instead.")
            labels = dict(sorted(y.items()))
            both = features.keys() & labels.keys()
            if both:
                raise ValueError(f"{len(both)} duplicate keys are found in both x and y: {both}")
        else:
            labels = {} if y is None else {"": y}
        arrays = [*features.values(), *labels.values()]
        if len({array.shape[0] for array in arrays}) != 1:
            raise ValueError(
                "Length of tensors in x and y is mismatched. All elements in x and y must have the "
                f"same length.\nShapes in x: { {k: v.shape for k, v in features.items()} }\n"
                f"Shapes in y: { {k: v.shape for k, v in labels.items()} }\n"
            )
        queue = enqueue_data(
            dict(enumerate(arrays)),
            queue_capacity,
            shuffle=bool(shuffle),
            num_threads=num_threads,
            enqueue_size=batch_size,
            num_epochs=num_epochs,
        )
        batch = _dequeue(queue, batch_size, num_epochs)[1:]
        x_batch = dict(zip(features, batch, strict=False))
        y_batch = dict(zip(labels, batch[len(features) :], strict=True))
        given = x_batch if isinstance(x, dict) else x_batch[""]
        if y is None:
            return given
        return given, y_batch if isinstance(y, dict) else y_batch[""]

    return input_fn


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """An input_fn that gives batches of the rows of a data frame, as a dict of its columns.

    Args:
        x: the features; a column of `object`s holds strings.
        y: labels, with the same index: a Series, or a DataFrame whose columns come as a dict.
        target_column: a name for the labels that `x` does not have.

    The others are those of `numpy_input_fn`.

    Raises:
        ValueError: `shuffle` is not given, the name is taken, or the indices differ.
        TypeError: `target_column` is no string.
    """
    _check_shuffle(shuffle)
    if not isinstance(target_column, str):
        raise TypeError("target_column must be a string type")
    x = x.copy()
    columns = list(x.columns)
    labels: dict[Any, Any] = {}  # columns of x by columns of y
    if y is not None:
        if target_column in x:
            raise ValueError(
                f"Cannot use name {target_column} for target column: DataFrame already has a column "
                f"with that name: {x.columns}"
            )
        if not np.array_equal(x.index, y.index):
            raise ValueError(
                f"Index for x and y are mismatched.\nIndex for x: {x.index}\nIndex for y: {y.index}\n"
            )
        if hasattr(y, "columns"):
            for column in y.columns:
                labels[column] = column if column not in x else f"{column}_{target_column}"
                x[labels[column]] = y[column]
        else:
            labels[target_column] = target_column
            x[target_column] = y
    if queue_capacity is None:
        queue_capacity = (4 if shuffle else 1) * len(x)

    def input_fn() -> Any:
        queue = enqueue_data(
            x,
            queue_capacity,
            shuffle=bool(shuffle),
            min_after_dequeue=max(queue_capacity / 4, 1),
            num_threads=num_threads,
            enqueue_size=batch_size,
            num_epochs=num_epochs,
        )
        batch = dict(zip(x.columns, _dequeue(queue, batch_size, num_epochs)[1:], strict=True))
        features = {column: batch[column] for column in columns}
        if y is None:
            return features
        target = {key: batch[column] for key, column in labels.items()}
        return features, target if hasattr(y, "columns") else target[target_column]

    return input_fn


def _check_shuffle(shuffle: Any) -> None:
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean (it is recommended to set it as "
            f"True for training); got {shuffle}"
        )


def _dequeue(queue: Any, batch_size: int, num_epochs: int | None) -> list[Any]:
    taken = queue.dequeue_many if num_epochs is None else queue.dequeue_up_to
    return list(taken(batch_size))
