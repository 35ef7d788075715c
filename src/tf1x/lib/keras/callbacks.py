"""`keras.callbacks` with the arguments of Keras 1 and 2."""

from __future__ import annotations

import importlib
import os
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import fill
from tf1x.lib.keras.period import period

_keras: Any = genuine("callbacks")

Callback = _keras.Callback
History = _keras.History
CallbackList = _keras.CallbackList
BaseLogger = _keras.Callback


class _ModelCheckpoint(_keras.Callback):
    """Saves the model, or its weights, after epochs.

    Args:
        filepath: may hold `{epoch:02d}` and names of the logs, `{val_acc:.2f}`.
        monitor: what decides which epoch is the best.
        save_best_only: keep an epoch only if it is better than all before.
        period: save every so many epochs.
    """

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0,
        save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto",
        period: int = 1, save_freq: Any = "epoch", **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        if save_freq != "epoch":
            raise UnsupportedError("ModelCheckpoint(save_freq=...) in batches: use period=epochs.")
        self.filepath, self.monitor, self.verbose = os.fspath(filepath), monitor, verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.period, self._epochs = period, 0
        self._larger = mode == "max" or (
            mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure"))
        )
        self.best: float | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save if it is time, and if the epoch is good enough."""
        logs = logs or {}
        self._epochs += 1
        if self._epochs < self.period:
            return
        self._epochs = 0
        path = self.filepath.replace("accuracy", "acc") if "{" in self.filepath else self.filepath
        path = path.format(epoch=epoch + 1, **logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _is_best(self, epoch: int, logs: Any, path: str) -> bool:
        value = logs.get(self.monitor)
        if value is None:
            raise ValueError(
                f"ModelCheckpoint: there is no {self.monitor!r} in {sorted(logs)}: nothing to compare."
            )
        better = self.best is None or (value > self.best if self._larger else value < self.best)
        if self.verbose:
            what = f"improved from {self.best or float('inf'):.5f} to {value:.5f}, saving model to {path}"
            print(
                f"\nEpoch {epoch + 1:05d}: {self.monitor} {what if better else f'did not improve from {self.best:.5f}'}"
            )
        if better:
            self.best = value
        return better


_ModelCheckpoint.__name__ = _ModelCheckpoint.__qualname__ = "ModelCheckpoint"
ModelCheckpoint = _ModelCheckpoint
EarlyStopping = period(_keras.EarlyStopping)
ReduceLROnPlateau = period(_keras.ReduceLROnPlateau, renames={"epsilon": "min_delta"})
LearningRateScheduler = period(_keras.LearningRateScheduler)


class TensorBoard(_keras.Callback):
    """Writes the logs of epochs as scalars to event files (`log_dir`).

    Args:
        histogram_freq: every so many epochs also histograms of the weights.
        update_freq: "epoch", "batch", or a number of samples: how often to write training scalars.
        write_graph, write_images, write_grads, batch_size, embeddings_freq, ...: accepted; a Keras
            model has no TensorFlow graph to write.
    """

    def __init__(
        self, log_dir: Any = "./logs", histogram_freq: int = 0, batch_size: int = 32,
        write_graph: bool = True, write_grads: bool = False, write_images: bool = False,
        embeddings_freq: int = 0, embeddings_layer_names: Any = None,
        embeddings_metadata: Any = None, embeddings_data: Any = None, update_freq: Any = "epoch",
        profile_batch: Any = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.log_dir, self.histogram_freq = os.fspath(log_dir), histogram_freq
        self._each = 1 if update_freq == "batch" else update_freq if isinstance(update_freq, int) else 0  # fmt: skip
        self._batches = 0
        self.writer: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the event file."""
        from tf1x.lib.summary.file_writer import FileWriter

        if self.writer is None:
            self.writer = FileWriter(self.log_dir)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the batch's scalars, where that is wanted."""
        self._batches += 1
        if self._each and self._batches % self._each == 0:
            self._write({f"batch_{k}": v for k, v in (logs or {}).items()}, self._batches)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the epoch's scalars, and histograms of the weights."""
        self._write(dict(logs or {}), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            from tf1x.ops.summary import histogram_proto

            for layer in self.model.layers:
                for weight in layer.weights:
                    message = _summary()
                    message.value.add(tag=weight.path, histo=histogram_proto(weight.numpy()))
                    self.writer.add_summary(message, epoch)
        self.writer.flush()

    def _write(self, values: dict[str, Any], step: int) -> None:
        for name, value in values.items():
            message = _summary()
            message.value.add(tag=name, simple_value=float(value))
            self.writer.add_summary(message, step)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the event file."""
        self.writer.close()
        self.writer = None


def _summary() -> Any:
    return importlib.import_module("tensorboard.compat.proto.summary_pb2").Summary()


class RemoteMonitor(_keras.Callback):
    """Not served: it posts results to a server."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnsupportedError("RemoteMonitor posts to a server: use CSVLogger or TensorBoard.")


class ProgbarLogger(_keras.ProgbarLogger):
    """The progress bar; `count_mode` and `stateful_metrics` of Keras 2 are accepted."""

    def __init__(self, count_mode: str = "samples", stateful_metrics: Any = None) -> None:
        super().__init__()


fill(globals(), _keras)
