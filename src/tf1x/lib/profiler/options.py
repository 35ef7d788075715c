"""`tf.profiler.ProfileOptionBuilder`: what `tf.profiler.profile` is to count and show."""

from __future__ import annotations

import copy
from typing import Any

from tf1x.core.errors import UnsupportedError


def _defaults(**changed: Any) -> dict[str, Any]:
    return {
        "max_depth": 10000,
        "min_bytes": 0,
        "min_micros": 0,
        "min_params": 0,
        "min_float_ops": 0,
        "min_occurrence": 0,
        "order_by": "name",
        "account_type_regexes": [".*"],
        "start_name_regexes": [".*"],
        "trim_name_regexes": [],
        "show_name_regexes": [".*"],
        "hide_name_regexes": [],
        "account_displayed_op_only": True,
        "select": ["params"],
        "step": -1,
        "output": "stdout",
        **changed,
    }


def _measured(what: str) -> UnsupportedError:
    return UnsupportedError(
        f"tf.profiler: {what}. tf1x compiles ops together, so single ops have no time and memory of "
        "their own; record a run with RunOptions.FULL_TRACE and show it with "
        "tensorflow.python.client.timeline.Timeline."
    )


class ProfileOptionBuilder:
    """Options, one `with_...` after the other; `build()` gives them as a dictionary."""

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        self._options = _defaults() if options is None else copy.deepcopy(options)

    @staticmethod
    def trainable_variables_parameter() -> dict[str, Any]:
        """Count the parameters of trainable variables."""
        return _defaults(account_type_regexes=["_trainable_variables"])

    @staticmethod
    def float_operation() -> dict[str, Any]:
        """Count float operations."""
        return _defaults(select=["float_ops"], min_float_ops=1, order_by="float_ops")

    @staticmethod
    def time_and_memory(*args: Any, **kwargs: Any) -> dict[str, Any]:
        """Raises UnsupportedError: times and memory of single ops are not known."""
        raise _measured("ProfileOptionBuilder.time_and_memory")

    def build(self) -> dict[str, Any]:
        return copy.deepcopy(self._options)

    def _with(self, **changed: Any) -> ProfileOptionBuilder:
        self._options.update(changed)
        return self

    def with_max_depth(self, max_depth: int) -> ProfileOptionBuilder:
        """Show that many levels of scopes."""
        return self._with(max_depth=max_depth)

    def with_min_parameters(self, min_params: int) -> ProfileOptionBuilder:
        """Show what has that many parameters."""
        return self._with(min_params=min_params)

    def with_min_float_operations(self, min_float_ops: int) -> ProfileOptionBuilder:
        """Show what needs that many operations."""
        return self._with(min_float_ops=min_float_ops)

    def with_min_occurrence(self, min_occurrence: int) -> ProfileOptionBuilder:
        """Show op types that occur so often."""
        return self._with(min_occurrence=min_occurrence)

    def with_accounted_types(self, account_type_regexes: list[str]) -> ProfileOptionBuilder:
        """Count ops whose type matches ("_trainable_variables" stands for those)."""
        return self._with(account_type_regexes=list(account_type_regexes))

    def with_node_names(
        self,
        start_name_regexes: Any = None,
        show_name_regexes: Any = None,
        hide_name_regexes: Any = None,
        trim_name_regexes: Any = None,
    ) -> ProfileOptionBuilder:
        """Show nodes whose names match, and not those that match `hide_name_regexes`."""
        given = {
            "start_name_regexes": start_name_regexes,
            "show_name_regexes": show_name_regexes,
            "hide_name_regexes": hide_name_regexes,
            "trim_name_regexes": trim_name_regexes,
        }
        return self._with(**{k: list(v) for k, v in given.items() if v is not None})

    def account_displayed_op_only(self, is_true: bool) -> ProfileOptionBuilder:
        """Count what is shown only."""
        return self._with(account_displayed_op_only=is_true)

    def with_empty_output(self) -> ProfileOptionBuilder:
        """Print nothing."""
        return self._with(output="none")

    def with_stdout_output(self) -> ProfileOptionBuilder:
        """Print the result."""
        return self._with(output="stdout")

    def with_file_output(self, outfile: str) -> ProfileOptionBuilder:
        """Write the result to a file."""
        return self._with(output=f"file:outfile={outfile}")

    def order_by(self, attribute: str) -> ProfileOptionBuilder:
        """Show in the order of "name", "params", "float_ops" or "occurrence"."""
        return self._with(order_by=attribute)

    def select(self, attributes: list[str]) -> ProfileOptionBuilder:
        """Show "params", "float_ops", "occurrence", "op_types", ..."""
        return self._with(select=list(attributes))

    def with_timeline_output(self, timeline_file: str) -> ProfileOptionBuilder:
        """Raises UnsupportedError."""
        raise _measured("with_timeline_output")

    def with_pprof_output(self, pprof_file: str) -> ProfileOptionBuilder:
        """Raises UnsupportedError."""
        raise _measured("with_pprof_output")

    def with_min_memory(self, *args: Any, **kwargs: Any) -> ProfileOptionBuilder:
        """Raises UnsupportedError."""
        raise _measured("with_min_memory")

    def with_min_execution_time(self, *args: Any, **kwargs: Any) -> ProfileOptionBuilder:
        """Raises UnsupportedError."""
        raise _measured("with_min_execution_time")


_MEASURES = {
    "bytes", "peak_bytes", "residual_bytes", "output_bytes", "micros", "accelerator_micros",
    "cpu_micros", "device", "tensor_value", "input_shapes",
}  # fmt: skip


def check(options: dict[str, Any]) -> None:
    """Refuse what cannot be answered.

    Raises:
        UnsupportedError: a measure that is not known.
    """
    unknown = sorted(_MEASURES & set(options.get("select", ())))
    if unknown:
        raise _measured(f"select={unknown}")
    if options.get("output", "stdout").partition(":")[0] not in ("stdout", "none", "file"):
        raise _measured(f"output={options['output']!r}")
