"""`make bench-gpu`: training steps on a GPU, beside the same networks in JAX and in PyTorch.

Each in float32 (products in TF32) and with products in bfloat16; PyTorch as it is and compiled. An
engine that is not installed is left out. The times are of steps with their batch in NumPy arrays
(PyTorch's lies on the GPU already).
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from benchmarks.gpu_networks import BATCHES
from benchmarks.steps import engines, timed

ROUNDS = 5
PRECISIONS = ("", "+bf16")


def measure(program: str) -> dict[str, float]:
    """Milliseconds a step of each engine."""
    found: dict[str, float] = {}
    for suffix in PRECISIONS:
        names = [f"{name}{suffix}" for name in engines("tf1x", "jax", "torch")]
        if engines("torch"):
            names.append(f"torch+compile{suffix}")
        for name, timing in timed(f"gpu:{program}", names, ROUNDS).items():
            found[name] = statistics.median(timing.seconds) * 1e3
    return found


def main() -> None:
    import jax

    device = jax.devices()[0]
    print(f"jax {jax.__version__} on {device.device_kind}")
    results = {"about": {"jax": jax.__version__, "device": device.device_kind}}
    for program in BATCHES:
        found = results[program] = measure(program)
        print(program)
        for name, value in found.items():
            ours = found["tf1x+bf16" if name.endswith("+bf16") else "tf1x"]
            print(f"    {name:22s}{value:10.3f} ms{value / ours:8.2f} of tf1x's", flush=True)
    path = Path("outputs") / "benchmarks_gpu.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
