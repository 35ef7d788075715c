"""Devices under TensorFlow's names, with JAX's device list replaced: tests run where no GPU is."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import pytest

import tf1x as tf
from tf1x.lib import device_lib


class FakeDevice(NamedTuple):
    platform: str
    device_kind: str = "Some GPU"
    stats: dict[str, int] | None = None

    def memory_stats(self) -> dict[str, int] | None:
        return self.stats


LISTS: dict[str, tuple[list[FakeDevice], list[tuple[str, str, int]]]] = {
    "cpu": ([FakeDevice("cpu")], []),
    "gpus": (
        [FakeDevice("gpu", stats={"bytes_limit": 7}), FakeDevice("gpu")],
        [("GPU:0", "GPU", 7), ("GPU:1", "GPU", 0)],
    ),
    "tpu": ([FakeDevice("tpu")], [("TPU:0", "TPU", 0)]),
}


@pytest.mark.parametrize("name", LISTS)
def test_session_devices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, wanted = LISTS[name]
    monkeypatch.setattr(jax, "devices", lambda *_: found)
    listed: list[Any] = tf.Session(graph=tf.Graph()).list_devices()
    prefix = "/job:localhost/replica:0/task:0/device:"
    rows = [(d.name.removeprefix(prefix), d.device_type, d.memory_limit_bytes) for d in listed]
    assert rows == [("CPU:0", "CPU", 256 << 20), *wanted]
    assert device_lib.list_local_devices()[0].name == "/device:CPU:0"
    has_gpu = name == "gpus"
    assert tf.test.is_gpu_available() == tf.test.is_built_with_cuda() == has_gpu
    assert tf.test.gpu_device_name() == ("/device:GPU:0" if has_gpu else "")
