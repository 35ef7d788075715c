"""`tf.test`: unit tests of TensorFlow programs; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

lazy(
    "tf1x.lib.testing.test_case",
    *(f"test.{name}" for name in ("TestCase", "get_temp_dir", "main", "mock", "test_src_dir_path")),
)
lazy("tf1x.lib.testing.test_case", "test.test_util.TensorFlowTestCase", attribute="TestCase")
lazy("tf1x.lib.testing.gradient_checker", "test.compute_gradient", "test.compute_gradient_error")
