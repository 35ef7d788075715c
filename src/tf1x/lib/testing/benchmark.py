"""`tf.test.Benchmark`: timing ops."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


class Benchmark:
    """Base of benchmarks: methods whose names begin with "benchmark" time something.

    Results are printed, and kept in `reports` (dictionaries).
    """

    reports: list[dict[str, Any]] = []

    def _get_name(self, overwrite_name: str | None = None) -> str:
        import inspect

        if overwrite_name:
            return overwrite_name
        names = (frame.function for frame in inspect.stack())
        method = next((name for name in names if name.startswith("benchmark")), "benchmark")
        return f"{type(self).__name__}.{method}"

    def report_benchmark(
        self,
        iters: int | None = None,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        throughput: float | None = None,
        extras: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        """Print a result and keep it: `iters` steps of `wall_time` seconds each, and so on."""
        given = {
            "iters": iters, "cpu_time": cpu_time, "wall_time": wall_time, "throughput": throughput
        }  # fmt: skip
        report = {"name": self._get_name(name)}
        report.update({key: value for key, value in given.items() if value is not None})
        report["extras"] = dict(extras or {})
        Benchmark.reports.append(report)
        print(report, flush=True)

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: Any = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: bool = False,
        store_memory_usage: bool = True,
        name: str | None = None,
        extras: dict[str, Any] | None = None,
        mbs: float = 0,
    ) -> dict[str, Any]:
        """Time `sess.run(op_or_tensor, feed_dict)`.

        Args:
            burn_iters: runs beforehand; the first compiles.
            min_iters: runs that are timed.
            store_trace, store_memory_usage: accepted; neither is kept.
            mbs: megabytes a run, to report a throughput.

        Returns:
            The report; `wall_time` is the median in seconds.
        """
        # A tensor is fetched by its op: what is timed is computing it, not copying it.
        fetch = getattr(op_or_tensor, "op", op_or_tensor)
        for _ in range(burn_iters):
            sess.run(fetch, feed_dict)
        times = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(fetch, feed_dict)
            times.append(time.perf_counter() - start)
        median = float(np.median(times))
        found = {"wall_time_mean": float(np.mean(times)), "wall_time_stdev": float(np.std(times))}
        self.report_benchmark(
            iters=min_iters,
            wall_time=median,
            throughput=mbs / median if mbs else None,
            extras={**(extras or {}), **found},
            name=name,
        )
        return Benchmark.reports[-1]


TensorFlowBenchmark = Benchmark
