"""TensorFlow 2.21 in its 1.x form, the oracle of the tests."""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# On a CPU without AVX512-VNNI it would take its older kernels by default, which lack dilated
# gradients and leave outputs of batch normalization unwritten.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow.compat.v1 as tf1

tf1.disable_v2_behavior()
tf1.logging.set_verbosity(tf1.logging.ERROR)

__all__ = ["tf1"]
