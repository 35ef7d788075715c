"""Run a TensorFlow-1 script under real TensorFlow 2.21: the oracle that tf1x is compared with.

    python tools/oracle.py SCRIPT [ARGS...]

The script's `import tensorflow as tf` gets `tensorflow.compat.v1` with the version-2 behaviour
switched off, and `tensorflow.examples.tutorials.mnist`, which TensorFlow no longer has, is our own
`src/tf1x/lib/mnist.py`. That file is loaded by its path: this process never imports tf1x.
From Python: `import oracle; tf = oracle.install()`, and `oracle.run(program)`.
"""

import contextlib
import importlib.util
import os
import runpy
import sys
import tempfile
import types
import warnings
from pathlib import Path

OURS = Path(__file__).resolve().parents[1] / "src" / "tf1x"
MNIST_MODULE = OURS / "lib" / "mnist.py"
NOTEBOOK_MODULE = OURS / "importer" / "notebook.py"
INPUT_DATA = "tensorflow.examples.tutorials.mnist.input_data"


def install():
    """Make `tensorflow` in this process mean TensorFlow 1 as 2.21 still carries it; return it."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # tf.layers and rnn cells need tf-keras
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _without_native_log():
        import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    warnings.filterwarnings("ignore", message="`tf\\..*is deprecated")
    tf.disable_v2_behavior()
    sys.modules["tensorflow"] = tf
    _install_tutorials(tf)
    return tf


@contextlib.contextmanager
def _without_native_log():
    """Drop what C++ code writes to file descriptor 2, unless there is an exception.

    While TensorFlow 2.21 is imported it logs before it reads TF_CPP_MIN_LOG_LEVEL.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def load(name, path):
    """The module of a file that needs nothing of tf1x, without importing tf1x."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _install_tutorials(tf):
    """Supply `tensorflow.examples.tutorials.mnist.input_data` and the packages above it."""
    module = load(INPUT_DATA, MNIST_MODULE)
    path, child = INPUT_DATA, module
    while "." in path:
        path, _, attribute = path.rpartition(".")
        package = tf if path == "tensorflow" else types.ModuleType(path)
        setattr(package, attribute, child)
        if package is not tf:
            package.__path__ = []  # marks it as a package, one with no files to search
            sys.modules[path] = package
        child = package


def run(program, arguments=(), is_module=False):
    """Run a script, a notebook or, by its name, a module as this process's main program."""
    sys.argv = [program, *arguments]
    sys.path[0] = os.getcwd() if is_module else os.path.dirname(os.path.abspath(program))
    if is_module:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif program.endswith(".ipynb"):
        load("notebook_runner", NOTEBOOK_MODULE).run(Path(program))
    else:
        runpy.run_path(program, run_name="__main__")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    script, *arguments = sys.argv[1:]
    if not os.path.isfile(script):
        sys.exit(f"oracle: no such script: {script}")
    install()
    run(script, arguments)


if __name__ == "__main__":
    main()
