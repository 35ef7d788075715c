"""`tensorflow.python.client.device_lib`: the devices of this machine."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1x.runtime.devices import session_devices


class DeviceAttributes(NamedTuple):
    """A device; the names are those of TensorFlow's message.

    Attributes:
        name: e.g. "/device:GPU:0".
        device_type: "CPU", "GPU" or "TPU".
        memory_limit: bytes.
        physical_device_desc: what the vendor calls it; empty for a CPU.
    """

    name: str
    device_type: str
    memory_limit: int
    incarnation: int = 0
    physical_device_desc: str = ""


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """The CPU, then the accelerators."""
    return [
        DeviceAttributes(
            "/" + device.name.rpartition("/")[2],
            device.device_type,
            device.memory_limit_bytes,
            device.incarnation,
            device.description,
        )
        for device in session_devices()
    ]
