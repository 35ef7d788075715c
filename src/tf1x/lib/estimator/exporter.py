"""What `train_and_evaluate` exports and when: `LatestExporter`, `FinalExporter`, `BestExporter`."""

from __future__ import annotations

import abc
import glob
import os
import shutil
from collections.abc import Callable
from typing import Any

from tf1x.core.files import local_path
from tf1x.lib import logging
from tf1x.lib.estimator.util import fn_args


class Exporter(abc.ABC):
    """Exports a model after evaluations."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The name of the folder below `model_dir/export`."""

    @abc.abstractmethod
    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        """Export, or not; returns the folder that was written, or None."""


class _SavedModelExporter(Exporter):
    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Any,
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
    ) -> None:
        self._name = name
        self._serving_input_receiver_fn = serving_input_receiver_fn
        self._assets_extra = assets_extra
        self._as_text = as_text

    @property
    def name(self) -> str:
        return self._name

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        return estimator.export_saved_model(
            export_path,
            self._serving_input_receiver_fn,
            assets_extra=self._assets_extra,
            as_text=self._as_text,
            checkpoint_path=checkpoint_path,
        )


class FinalExporter(_SavedModelExporter):
    """Exports once, at the end.

    Args:
        name: of the folder.
        serving_input_receiver_fn, assets_extra, as_text: see `Estimator.export_saved_model`.
    """

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        if not is_the_final_export:
            return None
        logging.info("Performing the final export in the end of training.")
        return super().export(estimator, export_path, checkpoint_path, eval_result, True)


class LatestExporter(_SavedModelExporter):
    """Exports after each evaluation, and keeps the last `exports_to_keep` (None: all)."""

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Any,
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError("`exports_to_keep`, if provided, must be positive number")
        self._exports_to_keep = exports_to_keep

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        made = super().export(
            estimator, export_path, checkpoint_path, eval_result, is_the_final_export
        )
        remove_old_exports(export_path, self._exports_to_keep)
        return made


def _loss_smaller(best_eval_result: Any, current_eval_result: Any) -> bool:
    for name, result in (("best", best_eval_result), ("current", current_eval_result)):
        if not result or "loss" not in result:
            raise ValueError(f"{name}_eval_result cannot be empty or no loss is found in it.")
    return bool(best_eval_result["loss"] > current_eval_result["loss"])


class BestExporter(LatestExporter):
    """Exports after each evaluation that is better than all before.

    Args:
        event_file_pattern: event files below the model's folder, whose evaluations count too.
        compare_fn: `compare_fn(best_eval_result, current_eval_result)` tells whether the current one
            is better; by default, whether its loss is smaller.
        exports_to_keep: how many; None for all.

    Raises:
        ValueError: `compare_fn` takes other arguments.
    """

    def __init__(
        self,
        name: str = "best_exporter",
        serving_input_receiver_fn: Any = None,
        event_file_pattern: str | None = "eval/*.tfevents.*",
        compare_fn: Callable[..., Any] = _loss_smaller,
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        if compare_fn is None:
            raise ValueError("`compare_fn` must not be None.")
        if set(fn_args(compare_fn)) != {"best_eval_result", "current_eval_result"}:
            raise ValueError(
                f"compare_fn ({compare_fn}) must have the arguments best_eval_result and "
                "current_eval_result, and no others."
            )
        self._compare_fn = compare_fn
        self._event_file_pattern = event_file_pattern
        self._model_dir: Any = None
        self._best_eval_result: Any = None
        self._has_exported = False

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any,
        eval_result: Any,
        is_the_final_export: bool,
    ) -> Any:
        if self._model_dir != estimator.model_dir and self._event_file_pattern:
            logging.info("Loading best metric from event files.")
            self._model_dir = estimator.model_dir
            self._best_eval_result = self._best_of_files()
        best = self._best_eval_result
        known = best is not None and self._has_exported
        if known and not self._compare_fn(best_eval_result=best, current_eval_result=eval_result):
            return None
        logging.info("Performing best model export.")
        self._best_eval_result = eval_result
        self._has_exported = True
        return super().export(
            estimator, export_path, checkpoint_path, eval_result, is_the_final_export
        )

    def _best_of_files(self) -> Any:
        from tf1x.lib.summary.event_file import summary_iterator

        best = None
        pattern = os.path.join(local_path(self._model_dir), self._event_file_pattern or "")
        for path in sorted(glob.glob(pattern)):
            for event in summary_iterator(path):
                values = event.summary.value
                found = {v.tag: v.simple_value for v in values if v.HasField("simple_value")}
                if found and (best is None or self._compare_fn(best, found)):
                    best = found
        return best


def remove_old_exports(folder: Any, keep: int | None) -> None:
    """Of the exports in a folder, remove all but the last `keep`."""
    path = local_path(folder)
    if keep is None or not os.path.isdir(path):
        return
    exports = sorted(
        (name for name in os.listdir(path) if len(name) == 10 and name.isdigit()), key=int
    )
    for name in exports[:-keep]:
        shutil.rmtree(os.path.join(path, name), ignore_errors=True)
