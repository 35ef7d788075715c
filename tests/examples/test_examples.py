"""Every program of the course under tf1x and under TensorFlow 2.21: names, graphs and numbers."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1

ROOT = Path(__file__).resolve().parents[2]
NOT_PROGRAMS = {"course_data.py", "demo.py"}
ALL = [p for p in sorted((ROOT / "examples").glob("*.py")) if p.name not in NOT_PROGRAMS]
# TensorFlow 2.21 has no tf.contrib, and no shim makes gymnasium the gym of the time for it.
CONTRIB = [p for p in ALL if any(text in p.read_text() for text in ("tf.contrib.", "import gym\n"))]
# Without graphs and sessions there is nothing to record: what they print is compared.
EAGER = [p for p in ALL if "tf.enable_eager_execution()" in p.read_text()]
# Keras trains without a graph here (test_keras_programs.py runs these).
KERAS = [p for p in ALL if "from tensorflow import keras" in p.read_text()]
PROGRAMS = [p for p in ALL if p not in (*CONTRIB, *EAGER, *KERAS)]

# The part of a training graph that is each engine's own.
_BACKWARD = {"gradients", "Adam", "GradientDescent"}

# Ours is a node that calls functions, TensorFlow's a subgraph of Switch and Merge; and where the
# moving averages of a batch normalisation move only in training, theirs stand in a branch.
# Likewise the loops over time.
_CONTROL_FLOW = {"cond", "AssignMovingAvg", "rnn", "bidirectional_rnn"}
_CALLS = {"If", "StatelessIf", "While", "StatelessWhile"}

# Adam divides by the size of the gradient, so where a gradient is nearly zero its rounding shows
# in the weights; after a few steps the losses of a network agree to this only.
_EARLY_RUNS = 5
_EARLY, _LATER = {"rtol": 1e-4, "atol": 1e-5}, {"rtol": 5e-2, "atol": 5e-3}

every_program = pytest.mark.parametrize(
    "program",
    [pytest.param(p, id=p.stem, marks=pytest.mark.xdist_group(p.stem)) for p in PROGRAMS],
)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small stand-ins, of the right form, for the course's data files."""
    folder = tmp_path_factory.mktemp("course")
    rng = np.random.RandomState(0)

    def pictures(count: int) -> dict[str, np.ndarray]:
        labels = rng.randint(0, 10, count).astype(np.uint8)
        images = rng.randint(0, 80, (count, 28, 28)).astype(np.uint8)
        for i, label in enumerate(labels):
            images[i, 2 * label : 2 * label + 3] += 120
        return {"x": images, "y": labels}

    train, test = pictures(7000), pictures(1000)
    np.savez(
        folder / "mnist.npz",
        x_train=train["x"],
        y_train=train["y"],
        x_test=test["x"],
        y_test=test["y"],
    )
    things, kind = rng.randint(0, 180, (750, 32, 32, 3)).astype(np.uint8), np.arange(750) % 10
    for i in range(10):
        things[kind == i, 3 * i : 3 * i + 4, :, i % 3] += 75
    np.savez(
        folder / "cifar10.npz",
        x_train=things[:500],
        y_train=kind[:500, None],
        x_test=things[500:],
        y_test=kind[500:, None],
    )
    scores = rng.randint(50, 100, (25, 3))
    final = (scores @ [0.5, 0.5, 1.0]).astype(int)
    np.savetxt(folder / "data-01-test-score.csv", np.c_[scores, final], "%d", ",")
    prices = 500 + 50 * rng.randn(120, 5).cumsum(0)
    np.savetxt(folder / "data-02-stock_daily.csv", prices, "%.6f", ",", header="prices")
    measured = rng.uniform(-1, 1, (200, 8))
    np.savetxt(folder / "data-03-diabetes.csv", np.c_[measured, measured.sum(1) > 0], "%.6f", ",")
    kinds = rng.randint(0, 7, 101)
    traits = (rng.rand(101, 16) < 0.2 + 0.08 * kinds[:, None]).astype(int)
    np.savetxt(folder / "data-04-zoo.csv", np.c_[traits, kinds], "%d", ",")
    return folder


class Recorded:
    """A program's recordings by both engines, made once."""

    _cache: dict[Path, Recorded] = {}

    def __init__(self, program: Path, data: Path) -> None:
        self.ours = _record("tf1x", program, data, 60, "--quick")
        self.theirs = _record("tensorflow", program, data, 60, "--quick")

    @classmethod
    def of(cls, program: Path, data: Path) -> Recorded:
        if program not in cls._cache:
            cls._cache[program] = cls(program, data)
        return cls._cache[program]


def _record(engine: str, program: Path, data: Path, runs: int, *args: str) -> list[Any]:
    out = data / f"{program.stem}-{engine}-{runs}.pickle"
    env = {**os.environ, "TF1X_DATA": str(data), "TF1X_SEEDS": "tf2", "MPLBACKEND": "Agg"}
    recorder = [sys.executable, str(ROOT / "tools" / "record.py"), "--runs", str(runs)]
    done = subprocess.run(
        [*recorder, engine, str(program), str(out), *args],
        env=env,
        cwd=data,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{engine}: {done.stderr[-3000:]}"
    return pickle.loads(out.read_bytes())


def _in_scope(name: str, scopes: set[str]) -> bool:
    return any(part.rstrip("_0123456789") in scopes for part in name.split("/"))


def _is_backward(name: str) -> bool:
    return _in_scope(name, _BACKWARD)


def _forward(graph_def: bytes) -> list[tuple[str, str]]:
    proto = tf1.GraphDef.FromString(graph_def)
    own = _BACKWARD | _CONTROL_FLOW
    return [(n.name, n.op) for n in proto.node if not _in_scope(n.name, own)]


@every_program
def test_op_names_and_types_agree_node_by_node(program: Path, data: Path) -> None:
    recorded = Recorded.of(program, data)
    assert len(recorded.ours) == len(recorded.theirs)
    for (ours, _), (theirs, _) in zip(recorded.ours, recorded.theirs, strict=True):
        assert _forward(ours) == _forward(theirs)


def _plain(name: str) -> str:
    """The name of a tensor; what leaves a loop is called otherwise by each engine."""
    return re.sub(r"/while/(Identity|Exit)\w*:0$", "/while", name)


def _compare(
    ours: list[Any], theirs: list[Any], tolerance: Callable[[int], dict[str, float]]
) -> int:
    """Compare the numbers of all runs; returns how many there were."""
    compared = 0
    for (_, our_runs), (_, their_runs) in zip(ours, theirs, strict=True):
        for i, (a, b) in enumerate(zip(our_runs, their_runs, strict=True)):
            assert [*map(_plain, a["fetches"])] == [*map(_plain, b["fetches"])]
            ours_by_theirs = dict(zip(b["fetches"], a["fetches"], strict=True))
            for name, value in b["results"].items():
                found = a["results"][ours_by_theirs[name]]
                if value.ndim and value.dtype.kind in "iub" and i >= _EARLY_RUNS:
                    assert np.mean(found != value) < 0.1, f"{name}, run {i}"  # guesses, near ties
                    compared += 1
                elif value.dtype.kind in "fiub":
                    np.testing.assert_allclose(
                        found, value, **tolerance(i), err_msg=f"{name}, run {i}"
                    )
                    compared += 1
    return compared


@every_program
def test_the_first_runs_give_the_same_numbers(program: Path, data: Path) -> None:
    recorded = Recorded.of(program, data)
    compared = _compare(
        recorded.ours, recorded.theirs, lambda run: _EARLY if run < _EARLY_RUNS else _LATER
    )
    assert compared > 0


@pytest.mark.parametrize(
    "name", ["linear_regression", "multivariable_regression", "logistic_regression"]
)
def test_two_thousand_steps_give_the_same_losses(name: str, data: Path) -> None:
    """With `tf.set_random_seed(777)` alone and TF1X_SEEDS=tf2, as the programs stand."""
    program = ROOT / "examples" / f"{name}.py"
    ours, theirs = (_record(engine, program, data, 2100) for engine in ("tf1x", "tensorflow"))
    assert sum(len(runs) for _, runs in theirs) >= 2000
    assert _compare(ours, theirs, lambda run: _EARLY) >= 100


def test_char_rnn_learns_as_under_tensorflow(data: Path) -> None:
    """From the same weights, on the same windows of the text."""
    recorded = Recorded.of(ROOT / "examples" / "char_rnn.py", data)
    losses = [
        [r["results"]["Mean:0"] for _, runs in engine for r in runs if "Mean:0" in r["results"]]
        for engine in (recorded.ours, recorded.theirs)
    ]
    assert len(losses[1]) >= 30
    np.testing.assert_allclose(losses[0][:30], losses[1][:30], atol=1e-3)
    assert losses[1][29] < losses[1][0] - 1


_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]\d+)?")


@pytest.mark.parametrize("program", [pytest.param(p, id=p.stem) for p in EAGER])
def test_eager_programs_print_the_same_numbers(program: Path, data: Path) -> None:
    """As TensorFlow 2.21 does in eager mode: the same lines, the same losses."""
    engines = ["-m", "tf1x", "run"], [str(ROOT / "tools" / "oracle.py")]
    printed = [
        subprocess.run(
            [sys.executable, *engine, str(program), "--quick"],
            env={**os.environ, "TF1X_DATA": str(data)},
            cwd=data,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for engine in engines
    ]
    assert len(printed[0]) == len(printed[1])
    for ours, theirs in zip(*printed, strict=True):
        assert _NUMBER.sub("#", ours) == _NUMBER.sub("#", theirs)
        numbers = [[float(x) for x in _NUMBER.findall(line)] for line in (ours, theirs)]
        np.testing.assert_allclose(*numbers, rtol=1e-4, atol=2e-4, err_msg=ours)


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("hihello", r"measured: +ihello"),
        ("seq2seq_translate", r"measured: +0\.\d"),
        ("frozen_lake_q", r"measured: +goal reached in 1\.00 of 1,000 episodes"),
        ("q_network", r"measured: +frozen lake 0\.\d+; CartPole mean \d+"),
        ("mnist_dnn_estimator", r"measured: +accuracy \d\.\d+ and \d\.\d+, served \d\.\d+"),
    ],
)
def test_programs_of_contrib(name: str, figure: str, data: Path) -> None:
    program = ROOT / "examples" / f"{name}.py"
    assert program in CONTRIB
    done = subprocess.run(
        [sys.executable, "-m", "tf1x", "run", str(program), "--quick"],
        env={**os.environ, "TF1X_DATA": str(data), "MPLBACKEND": "Agg"},
        cwd=data,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(figure, done.stdout)
    assert (data / "outputs" / f"{name}.png").is_file()


def _repeatable(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first run of each combination of fetches, if it computes numbers (and saves no file)."""
    return [
        r
        for r in runs
        if r["variables"] is not None and any(v.dtype.kind in "fiub" for v in r["results"].values())
    ]


def _repeat(lib: Any, graph: Any, run: dict[str, Any]) -> dict[str, Any]:
    """The tensors of a recorded run, from its feeds and the variables that it had."""
    names = [n for n in run["results"] if not graph.get_tensor_by_name(n).dtype._is_ref_dtype]
    present = {op.name for op in graph.get_operations()}
    given = {**run["variables"], **run["feeds"]}
    given = {n: v for n, v in given.items() if n.partition(":")[0] in present}
    with lib.Session(graph=graph) as session:
        return dict(zip(names, session.run(names, given), strict=True))


def _exchange(lib: Any, recordings: list[Any]) -> None:
    for graph_def, runs in recordings:
        graph = lib.Graph()
        with graph.as_default():
            lib.import_graph_def(_inference(lib, graph_def, runs), name="")
        for run in _repeatable(runs):
            if any(
                n.partition(":")[0] not in {o.name for o in graph.get_operations()}
                for n in run["results"]
            ) or _waits(graph, run):
                continue
            for name, value in _repeat(lib, graph, run).items():
                if np.asarray(value).dtype.kind in "fiub" and not _is_random(graph, name):
                    np.testing.assert_allclose(
                        value, run["results"][name], rtol=1e-4, atol=1e-5, err_msg=name
                    )


def _inference(lib: Any, graph_def: bytes, runs: list[dict[str, Any]]) -> Any:
    """The graph without the backward part: what the fetched tensors need."""
    proto = lib.GraphDef.FromString(graph_def)
    nodes = {n.name: n for n in proto.node}
    backward = {n for n in nodes if _is_backward(n)}
    stack = [n.partition(":")[0] for r in _repeatable(runs) for n in r["results"]]
    needed: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack += [i.lstrip("^").partition(":")[0] for i in nodes[name].input]
    tainted = _downstream(nodes, backward)
    kept = lib.GraphDef()
    kept.versions.CopyFrom(proto.versions)
    kept.library.CopyFrom(proto.library)
    kept.node.extend(n for n in proto.node if n.name in needed and n.name not in tainted)
    return kept


def _downstream(nodes: dict[str, Any], start: set[str]) -> set[str]:
    tainted = set(start)
    changed = True
    while changed:
        changed = False
        for name, node in nodes.items():
            if name not in tainted and any(
                i.lstrip("^").partition(":")[0] in tainted for i in node.input
            ):
                tainted.add(name)
                changed = True
    return tainted


def _waits(graph: Any, run: dict[str, Any]) -> bool:
    """Whether the run takes something out of a queue, which threads of the program filled."""
    fed = {**run["variables"], **run["feeds"]}
    stack, seen = [graph.get_tensor_by_name(name) for name in run["results"]], set()
    while stack:
        tensor = stack.pop()
        if tensor.name in seen or tensor.name in fed:
            continue
        seen.add(tensor.name)
        if tensor.op.type.startswith("QueueDequeue"):
            return True
        stack += tensor.op.inputs
    return False


def _is_random(graph: Any, name: str) -> bool:
    functions = graph.as_graph_def().library.function
    chance = _CALLS if any("Random" in n.op for f in functions for n in f.node_def) else set()
    stack, seen = [graph.get_tensor_by_name(name).op], set()
    while stack:
        op = stack.pop()
        if op.name in seen:
            continue
        seen.add(op.name)
        if "Random" in op.type or op.type in {"TruncatedNormal", "Multinomial", *chance}:
            return True
        if op.type != "Identity" or not op.inputs[0].dtype._is_ref_dtype:
            stack += [t.op for t in op.inputs]
    return False


@every_program
def test_our_graph_runs_in_tensorflow(program: Path, data: Path) -> None:
    _exchange(tf1, Recorded.of(program, data).ours)


@every_program
def test_tensorflows_graph_runs_in_tf1x(program: Path, data: Path) -> None:
    _exchange(tf, Recorded.of(program, data).theirs)
