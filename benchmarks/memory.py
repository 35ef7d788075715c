"""Resident memory of the process over 100,000 steps of the linear regression."""

from __future__ import annotations

import gc
import os

STEPS = 100_000
SAMPLES = 10


def resident_mib() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def run() -> dict[str, list[float]]:
    """Memory after every tenth of the steps, in MiB."""
    import tf1x
    from benchmarks import programs

    with tf1x.Graph().as_default():
        step = programs.linear_regression(tf1x)
        for _ in range(1000):
            step()
        gc.collect()
        samples = [resident_mib()]
        for _ in range(SAMPLES):
            for _ in range(STEPS // SAMPLES):
                step()
            samples.append(resident_mib())
    print(
        f"\nmemory over {STEPS:,} steps of the linear regression: from {samples[0]:.1f} to "
        f"{samples[-1]:.1f} MiB, highest {max(samples):.1f}"
    )
    return {"resident_mib": samples}
