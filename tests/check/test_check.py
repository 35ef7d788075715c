"""`tf1x check`: each run in a process of its own, over programs that the tests write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.processes import tf1x

ROOT = Path(__file__).resolve().parents[2]

# 50 symbols of TensorFlow 1 (and a few misspelt ones) that tf1x does not have, in every form.
UNSUPPORTED = """\
import tensorflow as tf
import tensorflow.contrib as contrib
import tensorflow.compat.v1 as tf1
from tensorflow import contrib as again
layers = tf.layers
ours = contrib.layers
tf.contrib.tensorrt.create_inference_graph()  #
contrib.bigtable.BigtableClient  #
again.kafka.KafkaDataset(topics=[])  #
x = tf.contrib.kinesis.KinesisDataset  #
tf.contrib.ignite.IgniteDataset  #
tf.contrib.hadoop.SequenceFileDataset  #
tf.contrib.ffmpeg.decode_audio  #
tf.contrib.coder.range_encode  #
tf.contrib.nearest_neighbor.hyperplane_lsh_probes  #
tf.contrib.rpc.rpc  #
tf.contrib.periodic_resample.periodic_resample  #
tf.contrib.reduce_slice_ops.reduce_slice_sum  #
tf.contrib.timeseries.ARRegressor  #
tf.contrib.kfac.optimizer.KfacOptimizer  #
tf.contrib.factorization.WALSModel  #
tf.contrib.text.skip_gram_sample  #
tf.contrib.specs.create_net  #
tf.contrib.labeled_tensor.LabeledTensor  #
tf.contrib.lite.TFLiteConverter  #
tf.contrib.quantize.create_training_graph  #
tf.contrib.model_pruning.Pruning  #
tf.contrib.nccl.all_sum  #
tf.contrib.mpi_collectives.allreduce  #
tf.contrib.integrate.odeint_fixed  #
tf.contrib.bayesflow.monte_carlo  #
tf.contrib.constrained_optimization.ConstrainedMinimizationProblem  #
tf.contrib.all_reduce.build_ring_all_reduce  #
tf.contrib.cloud.BigQueryReader  #
tf.contrib.decision_trees.proto  #
tf.contrib.solvers.cg  #
tf.contrib.fused_conv.fused_conv2d_bias_activation  #
tf.contrib.session_bundle.exporter.Exporter  #
tf.contrib.copy_graf  #
def build(x, size=tf.lite.OpsSet):  #
    tf.lite.TFLiteConverter.from_session  #
    return [layers.denze(x, 3) for _ in range(3)]  #
ours.convolution17d  #
tf1.nn.relu5  #
tf.compat.v1.nn.relu4  #
tf.nn.\\
    softmin  #
tf.train.MomentOptimizer(0.1)  #
coord = tf.train.Coordinator()
coord.resurrect  #
tf.GraphKeys.TRAINABLE_FEELINGS  #
from tensorflow.contrib.gdr import gdr_server  #
from tensorflow.contrib.layers import dense_to_nowhere as d  #
from tensorflow.python.ops.array_ops import reshape_twice  #
import tensorflow.tools.graph_transforms  #
from tensorflow.compiler.tf2xla.python import xla  #
@tf.RegisterSomething("x")  #
class Model(tf.keras_like.Model):  #
    pass
"""


def check(*arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    done = tf1x("check", "--json", *arguments, cwd=cwd)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def rows(report: dict[str, Any], kind: str, key: str) -> dict[str, list[tuple[str, int]]]:
    return {
        row[key]: [(place["file"], place["line"]) for place in row["places"]]
        for row in report[kind]
    }


def test_fifty_unsupported_symbols_are_named_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(UNSUPPORTED)
    status, report = check("program.py", cwd=tmp_path)
    found = {line for at in rows(report, "missing", "symbol").values() for _, line in at}
    marked = [n for n, line in enumerate(UNSUPPORTED.splitlines(), 1) if line.endswith("  #")]
    assert len(marked) == 50
    assert found == set(marked)
    assert status == 1
    text = tf1x("check", "program.py", cwd=tmp_path).stdout
    for name in (
        "tf.contrib.kafka.KafkaDataset",
        "tf.nn.relu5",
        "tf.train.Coordinator().resurrect",
    ):
        assert f"  {name}" in text
    assert "program.py:9" in text
    assert text.startswith("1 file, ")


def test_the_projects_own_examples_miss_nothing() -> None:
    status, report = check("examples", cwd=ROOT)
    assert (status, report["covered"]) == (0, True)
    assert report["files"] > 30
    assert len(report["symbols"]) > 150


def test_keywords_and_what_the_program_can_do_without(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import tensorflow as tf\n"
        "tf.reduce_sum([1], reduction_indices=0, keep_dims=True, keepdims=True)\n"
        "tf.layers.dense(1, 2, activation=None, activasion=None)\n"
        "tf.ConfigProto(allow_soft_placement=True, allow_hard=1)\n"
        "tf.matmul(1, 2, transpose_a=True, transposed=1)\n"
        "tf.flags.DEFINE_string(flag_name='a', docstring='', default_value='')\n"
        "f = tf.train.AdamOptimizer(beta3=1, **{})\n"
        "try:\n    from tensorflow.contrib import nothing\nexcept ImportError:\n    nothing = None\n"
        "if hasattr(tf, 'whatever'):\n    tf.whatever\n"
    )
    status, report = check(".", cwd=tmp_path)
    assert [(r["symbol"], r["keyword"], r["places"][0]["line"]) for r in report["keywords"]] == [
        ("tf.ConfigProto", "allow_hard", 4),
        ("tf.layers.dense", "activasion", 3),
        ("tf.matmul", "transposed", 5),
        ("tf.train.AdamOptimizer", "beta3", 7),
    ]
    assert rows(report, "optional", "what") == {
        "tf.contrib.nothing": [("program.py", 9)],
        "tf.whatever": [("program.py", 13)],
    }
    assert (report["missing"], status) == ([], 1)


def test_shims_packages_and_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "helper.py").write_text("import another_missing_library\n")
    (tmp_path / "numpy").mkdir()  # a folder of scripts, not the library
    (tmp_path / "numpy" / "script.py").write_text("import numpy as np\nnp.float\n")
    (tmp_path / "program.py").write_text(
        "import time, cPickle, commands, numpy as np\n"
        "import a_missing_library.part\n"
        "from beside import helper\n"
        "from collections import Mapping, OrderedDict\n"
        "t = time.clock()\n"
        "x = np.float(3) + np.nothing_at_all\n"
        "for i in xrange(3):\n"
        "    x.tostring()\n"
        "from scipy.misc import imread, imfilter\n"
        "import itertools\n"
        "itertools.izip, itertools.chain, time.time\n"
        "try:\n    import a_fast_library\nexcept ImportError:\n    pass\n"
    )
    status, report = check(".", cwd=tmp_path)
    shims = rows(report, "shims", "what")
    assert status == 1
    assert shims == {
        "time.clock is time.process_time": [("program.py", 5)],
        "the module cPickle is pickle": [("program.py", 1)],
        "collections.Mapping is collections.abc.Mapping": [("program.py", 4)],
        "np.float (removed from NumPy) is float": [("numpy/script.py", 2), ("program.py", 6)],
        "xrange is range": [("program.py", 7)],
        ".tostring of a value that has it no more is made from what replaced it": [
            ("program.py", 8)
        ],
        "scipy.misc.imread (removed from SciPy) works through Pillow": [("program.py", 9)],
        "itertools.izip is zip": [("program.py", 11)],
    }
    assert rows(report, "packages", "package") == {
        "a_missing_library": [("program.py", 2)],
        "another_missing_library": [("beside/helper.py", 1)],
    }
    assert [places for _, places in sorted(rows(report, "gone", "what").items())] == [
        [("program.py", 6)],
        [("program.py", 9)],
        [("program.py", 1)],
    ]
    assert rows(report, "optional", "what") == {"the package a_fast_library": [("program.py", 13)]}


def test_keras_is_served_as_a_whole(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    (tmp_path / "program.py").write_text(
        "import keras\n"
        "from keras.layers import Dense, NoSuchLayer\n"
        "from keras import backend as K\n"
        "keras.layers.Dense(3).anything, K.learning_phase\n"
    )
    _, report = check(".", cwd=tmp_path)
    (what,) = rows(report, "gone", "what").items()
    assert what == (
        "keras.layers.NoSuchLayer is not in the keras that tf1x serves",
        [("program.py", 2)],
    )
    (shim,) = rows(report, "shims", "what").values()
    assert {line for _, line in shim} == {1, 2, 3, 4}


def test_notebooks_python2_and_what_cannot_be_read(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import tensorflow as tf"]},
        {"cell_type": "markdown", "source": ["tf.not_code"]},
        {"cell_type": "code", "source": ["!pip install it\n", "tf.nothing_here\n", "tf?"]},
        {"cell_type": "code", "source": ["print tf.nothing_there\n"]},
    ]
    (tmp_path / "book.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "old.py").write_text("import tensorflow as tf\nprint 'cost', tf.nothing_old\n")
    (tmp_path / "broken.py").write_text("import tensorflow as tf\nx = = 3\n")
    (tmp_path / "broken.ipynb").write_text("[]")
    (tmp_path / "data.txt").write_text("x = = 3\n")
    status, report = check(".", cwd=tmp_path)
    places = {row["symbol"]: row["places"] for row in report["missing"]}
    assert places == {
        "tf.nothing_here": [{"file": "book.ipynb", "cell": 2, "line": 2}],
        "tf.nothing_there": [{"file": "book.ipynb", "cell": 3, "line": 1}],
        "tf.nothing_old": [{"file": "old.py", "line": 2}],
    }
    assert report["python2"] == ["book.ipynb", "old.py"]
    assert [(e["file"], e["line"]) for e in report["errors"]] == [
        ("broken.ipynb", 0),
        ("broken.py", 2),
    ]
    assert (status, report["files"]) == (1, 4)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    done = tf1x("check", "nowhere.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tf1x: there is no file or folder 'nowhere.py' here")
