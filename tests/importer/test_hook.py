"""`import tensorflow` served by tf1x. Each test has a process of its own: imports are global."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from tests.processes import code, python
from tf1x.importer import private_paths


def test_the_tree_is_served_under_tensorflows_name(tmp_path: Path) -> None:
    code(
        """
        from tf1x import importer
        importer.install()
        importer.install()
        import importlib.util
        import tf1x
        import tensorflow as tf
        import tensorflow.nn as nn
        import tensorflow.compat.v1 as v1
        import tensorflow.compat.v1.nn
        from tensorflow import errors, placeholder
        from tensorflow.errors import InvalidArgumentError

        assert tf.placeholder is tf1x.placeholder is placeholder
        assert nn is tf.nn and nn.__name__ == "tensorflow.nn" and importlib.util.find_spec("tensorflow.nn")
        assert v1 is tf and tf.compat.v1.Session is tf.Session
        assert InvalidArgumentError is tf.errors.InvalidArgumentError is errors.InvalidArgumentError

        assert tf.__version__ == tf.VERSION == tf.version.VERSION == "1.15.0"
        assert tf.__tf1x_version__ == tf1x.__version__ != tf.__version__
        assert tf.GIT_VERSION and tf.COMPILER_VERSION
        tf.disable_v2_behavior()

        with tf.Session() as session:
            assert session.run(tf.constant(1.0) + 2.0) == 3.0
        """,
        tmp_path,
    )


def test_private_and_whole_modules(tmp_path: Path) -> None:
    code(
        """
        from tf1x import importer
        importer.install()
        import sys
        import tensorflow as tf
        from tensorflow.examples.tutorials.mnist import input_data
        import tensorflow.examples.tutorials.mnist.input_data as same
        from tensorflow.core.framework import graph_pb2
        from tensorflow.core.protobuf.config_pb2 import ConfigProto
        from tensorflow.python.client import device_lib
        from tensorflow.python.framework import dtypes, ops, tensor_shape, tensor_util
        from tensorflow.python.framework.ops import Tensor
        import tensorflow.python.ops.array_ops
        from tensorflow.python.ops import array_ops, control_flow_ops, gen_math_ops, math_ops
        from tensorflow.python.platform import flags, gfile, tf_logging
        from tensorflow.python.training import moving_averages
        from tensorflow.python.util import nest, tf_inspect

        assert input_data is same is sys.modules["tf1x.lib.mnist"]
        assert graph_pb2.GraphDef is tf.GraphDef and ConfigProto is tf.ConfigProto
        assert Tensor is ops.Tensor is tf.Tensor and ops is tf.python.framework.ops
        assert array_ops.reshape is tf.reshape and array_ops is tensorflow.python.ops.array_ops
        assert math_ops.cast is tf.cast and dtypes.bool is tf.bool
        assert gen_math_ops.mat_mul.opdef.type == gen_math_ops._mat_mul.opdef.type == "MatMul"
        assert tensor_shape.scalar().as_list() == [] and tensor_shape.vector(3).as_list() == [3]
        assert tensor_util.constant_value(tf.constant(3)) == 3
        assert nest.is_sequence([1]) and nest.flatten({"a": [1, 2]}) == [1, 2]
        assert tf_inspect.getargspec(lambda a, *b, c=1, **d: 0).keywords == "d"
        assert gfile.Exists is tf.gfile.Exists and tf_logging.info is tf.logging.info
        assert flags.FLAGS is tf.flags.FLAGS is tf.app.flags.FLAGS
        assert device_lib.list_local_devices()[0].name == "/device:CPU:0"
        assert control_flow_ops.with_dependencies and moving_averages.assign_moving_average
        """,
        tmp_path,
    )


UNKNOWN = {
    "tf.reduce_meen": "AttributeError: tf1x has no tf.reduce_meen.",
    "tf.nn.no_such": "AttributeError: tf1x has no tf.nn.no_such.",
    "tf.contrib.no_such": "AttributeError: tf1x has no tf.contrib.no_such.",
    "import tensorflow.no_such": "ImportError: tf1x has no tf.no_such.",
    "from tensorflow import no_such": "ImportError: tf1x has no tf.no_such.",
    "from tensorflow.python.ops import x_ops": "ImportError: tf1x has no tf.python.ops.x_ops.",
    "from tensorflow.python.util.nest import x": "ImportError: tf1x has no tf.python.util.nest.x.",
    "import tensorflow.python.no.such": "ImportError: tf1x has no tf.python.no.",
    "import tensorflow.Session": "ImportError: tf.Session is not a module: "
    "write `from tensorflow import Session`.",
    "from tensorflow.python.framework.ops import _PACKAGE": "ImportError: tf1x has no tf.python.framework.ops._PACKAGE.",
}


def test_unknown_names_are_named_with_the_line_that_uses_them(tmp_path: Path) -> None:
    printed = code(
        f"""
        from tf1x import importer
        importer.install()
        import json
        import tensorflow as tf

        assert not hasattr(tf, "no_such") and getattr(tf.nn, "no_such", None) is None
        messages = {{}}
        for statement in {list(UNKNOWN)!r}:
            try:
                exec(compile(statement, "program.py", "exec"))
            except (AttributeError, ImportError) as error:
                kind = "ImportError" if isinstance(error, ImportError) else "AttributeError"
                messages[statement] = f"{{kind}}: {{error}}"
        print(json.dumps(messages))
        """,
        tmp_path,
    )
    messages = json.loads(printed)
    assert {s: text.splitlines()[0] for s, text in messages.items()} == UNKNOWN
    assert 'used in File "program.py", line 1' in messages["tf.nn.no_such"]
    assert "Close to it: tf.reduce_mean" in messages["tf.reduce_meen"]


def _fake_tensorflow(folder: Path) -> None:
    package = folder / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text("is_the_installed_one = True\n")
    (package / "nn.py").write_text("is_the_installed_one = True\n")


def test_an_installed_tensorflow_is_left_alone(tmp_path: Path) -> None:
    _fake_tensorflow(tmp_path)
    code(
        """
        import tf1x
        import sys
        assert "tensorflow" not in sys.modules

        from tf1x import importer
        importer.install()
        import tensorflow, tensorflow.nn
        assert not hasattr(tensorflow, "is_the_installed_one") and not hasattr(tensorflow.nn, "is_the_installed_one")

        importer.uninstall()
        importer.uninstall()
        import tensorflow, tensorflow.nn
        assert tensorflow.is_the_installed_one and tensorflow.nn.is_the_installed_one

        try:
            importer.install()
        except RuntimeError as error:
            assert "already imported" in str(error) and tensorflow.__file__ in str(error)
        else:
            raise AssertionError("took the name of an imported TensorFlow")
        assert sys.modules["tensorflow"].is_the_installed_one
        """,
        tmp_path,
    )
    assert sorted(p.name for p in (tmp_path / "tensorflow").iterdir() if p.is_file()) == [
        "__init__.py",
        "nn.py",
    ]


def test_the_first_cell_of_a_notebook(tmp_path: Path) -> None:
    """`import tf1x.install`, with the compilation cache, whose second run is served by it."""
    source = """
import tf1x.install
import tensorflow as tf
import jax
compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: compiled.append(event) if "backend_compile" in event else None
)
x = tf.placeholder(tf.float32, [3])
with tf.Session() as session:
    for _ in range(3):
        session.run(tf.sin(x) * x, {x: [1.0, 2.0, 3.0]})
        session.run(tf.gradients(tf.cos(x) * x, x), {x: [1.0, 2.0, 3.0]})
print(len(compiled))
"""
    runs = [
        python("-c", source, cwd=tmp_path, TF1X_CACHE=str(tmp_path / "cache")) for _ in range(2)
    ]
    assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * 2
    assert list((tmp_path / "cache").iterdir())
    assert int(runs[0].stdout) > int(runs[1].stdout)


def test_a_users_own_cache_setting_is_kept(tmp_path: Path) -> None:
    printed = code(
        "import tf1x.install, jax; print(jax.config.jax_compilation_cache_dir)",
        tmp_path,
        TF1X_CACHE=str(tmp_path / "ours"),
        JAX_COMPILATION_CACHE_DIR=str(tmp_path / "theirs"),
    )
    assert printed.strip() == str(tmp_path / "theirs")
    assert not (tmp_path / "ours").exists()


def test_every_module_behind_a_private_path_exists() -> None:
    sources = {s for several in private_paths.SOURCES.values() for s in several}
    modules = {s for s in sources if s != "ops" and s.partition(".")[0] != "tf"}
    missing = [
        m for m in {*modules, *private_paths.MODULES.values()} if not importlib.util.find_spec(m)
    ]
    assert not missing
    assert not private_paths.SOURCES.keys() & private_paths.MODULES.keys()
