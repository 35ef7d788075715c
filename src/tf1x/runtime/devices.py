"""The devices that JAX sees, under TensorFlow's names."""

from __future__ import annotations

from typing import NamedTuple

# TensorFlow reports 256 MiB for every CPU, whatever the machine has.
_CPU_MEMORY = 256 << 20
_KINDS = {"gpu": "GPU", "cuda": "GPU", "rocm": "GPU", "tpu": "TPU"}


class Device(NamedTuple):
    """One entry of `Session.list_devices()`.

    Attributes:
        name: e.g. "/job:localhost/replica:0/task:0/device:GPU:0".
        device_type: "CPU", "GPU" or "TPU".
        memory_limit_bytes: the memory that XLA may use there.
        incarnation: 0; TensorFlow tells restarted servers apart by it.
        description: what the vendor calls the device; empty for a CPU.
    """

    name: str
    device_type: str
    memory_limit_bytes: int
    incarnation: int = 0
    description: str = ""

    def __repr__(self) -> str:
        return f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes}, {self.incarnation})"


def session_devices() -> list[Device]:
    """The CPU, then the accelerators, in JAX's order."""
    import jax

    found = [_device("CPU", 0, _CPU_MEMORY)]
    counts: dict[str, int] = {}
    for device in jax.devices():
        kind = _KINDS.get(device.platform)
        if kind is None:
            continue
        index = counts[kind] = counts.get(kind, -1) + 1
        memory = (device.memory_stats() or {}).get("bytes_limit", 0)
        found.append(_device(kind, index, memory, device.device_kind))
    return found


def _device(kind: str, index: int, memory: int, description: str = "") -> Device:
    name = f"/job:localhost/replica:0/task:0/device:{kind}:{index}"
    return Device(name, kind, memory, description=description)


def gpu_device_name() -> str:
    """The first GPU, "/device:GPU:0", or "" (`tf.test.gpu_device_name`)."""
    return "/device:GPU:0" if has_gpu() else ""


def has_gpu() -> bool:
    return any(device.device_type == "GPU" for device in session_devices())
