"""`tf.contrib.learn.ExportStrategy` and `make_export_strategy`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.lib.estimator.estimator import Estimator as CoreEstimator
from tf1x.lib.estimator.exporter import remove_old_exports
from tf1x.lib.estimator.util import fn_args


class ExportStrategy(NamedTuple):
    """How an `Experiment` exports its estimator, and the name of the folder."""

    name: str
    export_fn: Callable[..., Any]
    strip_default_attrs: bool | None = None

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: Any = None,
        eval_result: Any = None,
    ) -> Any:
        """Export to a new folder below `export_path`; returns it."""
        names = fn_args(self.export_fn)
        given: dict[str, Any] = {}
        if "checkpoint_path" in names:
            given["checkpoint_path"] = checkpoint_path
        if "eval_result" in names:
            given["eval_result"] = eval_result
        if "strip_default_attrs" in names:
            given["strip_default_attrs"] = bool(self.strip_default_attrs)
        return self.export_fn(estimator, export_path, **given)


def make_export_strategy(
    serving_input_fn: Callable[[], Any],
    default_output_alternative_key: str | None = None,
    assets_extra: dict[str, Any] | None = None,
    as_text: bool = False,
    exports_to_keep: int | None = 5,
    strip_default_attrs: bool | None = None,
) -> ExportStrategy:
    """A strategy, "Servo", that writes SavedModels; see `Estimator.export_savedmodel`.

    Args:
        exports_to_keep: how many; None for all.
    """

    def export_fn(
        estimator: Any,
        export_dir_base: Any,
        checkpoint_path: Any = None,
        strip_default_attrs: bool = False,
    ) -> Any:
        options: dict[str, Any] = {
            "assets_extra": assets_extra,
            "as_text": as_text,
            "checkpoint_path": checkpoint_path,
            "strip_default_attrs": strip_default_attrs,
        }
        if isinstance(estimator, CoreEstimator):
            if default_output_alternative_key is not None:
                raise ValueError(
                    "default_output_alternative_key is not supported in core Estimator. Given: "
                    f"{default_output_alternative_key}"
                )
        else:
            options["default_output_alternative_key"] = default_output_alternative_key
        made = estimator.export_savedmodel(export_dir_base, serving_input_fn, **options)
        remove_old_exports(export_dir_base, exports_to_keep)
        return made

    return ExportStrategy("Servo", export_fn, strip_default_attrs)
