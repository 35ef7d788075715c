"""What TensorFlow tells about itself and its surroundings: versions, devices, resources.

Here stand the public names of `tf.app`, `tf.flags` and `tf.logging` too; the modules behind them
are imported at first use.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from tf1x import _version
from tf1x.api import define, export, lazy, lazy_module
from tf1x.core.errors import UnsupportedError
from tf1x.core.graphdef import PRODUCER_VERSION

# The last 1.x: programs compare with it.
VERSION = "1.15.0"
GIT_VERSION = f"tf1x-{_version.__version__}"
COMPILER_VERSION = "XLA"

define(VERSION, "VERSION", "version.VERSION")
define(GIT_VERSION, "GIT_VERSION", "version.GIT_VERSION")
define(COMPILER_VERSION, "COMPILER_VERSION", "version.COMPILER_VERSION")
define(PRODUCER_VERSION, "GRAPH_DEF_VERSION", "version.GRAPH_DEF_VERSION")

lazy_module("tf1x.lib.flags", "flags", "app.flags")
lazy("tf1x.lib.flags", "app.run")
lazy_module("tf1x.lib.logging", "logging")
lazy("tf1x.lib.logging", "get_logger")
lazy("tf1x.runtime.devices", "test.gpu_device_name")
lazy_module("tf1x.lib.mnist", "examples.tutorials.mnist.input_data")


@export("test.is_gpu_available")
def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether JAX has a GPU. The arguments are accepted; XLA decides what it can use."""
    from tf1x.runtime import devices

    return devices.has_gpu()


@export("test.is_built_with_cuda", "test.is_built_with_gpu_support")
def is_built_with_cuda() -> bool:
    """Whether this JAX can use a GPU, and there is one."""
    return is_gpu_available()


# -- compiled extensions -----------------------------------------------------------------------


@export("load_op_library", "load_library", "load_file_system_library")
def load_op_library(library_filename: Any) -> Any:
    """Raises UnsupportedError: compiled ops need TensorFlow's own runtime."""
    raise UnsupportedError(
        f"tf1x cannot load the C++ library {library_filename!r}: write the op in Python, with "
        "tf.py_func, or as a composition of ops."
    )


@export(
    "sysconfig.get_include",
    "sysconfig.get_lib",
    "sysconfig.get_compile_flags",
    "sysconfig.get_link_flags",
)
def compile_settings() -> Any:
    """Raises UnsupportedError: there are no headers and no library to compile ops against."""
    raise UnsupportedError(
        "tf1x has no C++ headers or library: ops cannot be compiled against it. Write the op in "
        "Python, with tf.py_func, or as a composition of ops."
    )


# -- resources: files beside the program's modules ---------------------------------------------


def _caller_folder() -> str:
    return os.path.dirname(os.path.abspath(sys._getframe(2).f_code.co_filename))


@export("resource_loader.get_data_files_path", "resource_loader.get_root_dir_with_all_resources")
def get_data_files_path() -> str:
    """The folder of the file that calls this."""
    return _caller_folder()


@export("resource_loader.get_path_to_datafile")
def get_path_to_datafile(path: str) -> str:
    """`path`, relative to the folder of the file that calls this."""
    return os.path.join(_caller_folder(), path)


@export("resource_loader.load_resource")
def load_resource(path: str) -> bytes:
    """The content of a file, by its path.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return file.read()


@export("resource_loader.readahead_file_path")
def readahead_file_path(path: str, readahead: str = "128M") -> str:
    """`path` itself."""
    return path
