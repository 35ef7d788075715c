"""`tf.data.Options`: accepted and kept; the order of elements is always deterministic here."""

from __future__ import annotations

from typing import Any


class Options:
    """Settings of a pipeline. tf1x needs none of them: any may be set, and `merge` joins them."""

    def __init__(self) -> None:
        self.__dict__["_set"] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._set:
            return self._set[name]
        if name.startswith(("experimental_threading", "experimental_optimization", "threading")) or name in _GROUPS:  # fmt: skip
            return self._set.setdefault(name, Options())
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        self._set[name] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and self._set == other._set

    __hash__ = None  # type: ignore[assignment]

    def merge(self, options: Options) -> Options:
        """What either sets; `options` where both do."""
        made = Options()
        made._set.update(self._set)
        made._set.update(options._set)
        return made


_GROUPS = frozenset({"autotune", "experimental_distribute", "experimental_stats", "optimization"})
OptimizationOptions = ThreadingOptions = DistributeOptions = StatsOptions = Options
