"""`tf1x board` serves a folder of event files with TensorBoard's own program."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import tf1x as tf
from tests.processes import tf1x


def _log(folder: Path) -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [3], name="x")
        summaries = tf.summary.merge([tf.summary.scalar("a", x[0]), tf.summary.histogram("h", x)])
        with tf.summary.FileWriter(folder / "run", graph) as writer:
            for step in range(3):
                writer.add_summary(session.run(summaries, {x: [step, 1, 2]}), step)


def test_the_pages_data(tmp_path: Path) -> None:
    _log(tmp_path)
    command = [sys.executable, "-m", "tf1x", "board", str(tmp_path), "--port", "0"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "TF1X_CACHE": "off"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            found = None
            for line in process.stderr or ():
                found = re.search(r" at http://localhost:(\d+)/", line)
                if found:
                    break
            assert found, "no address on standard error"
            data = f"http://localhost:{found[1]}/data"

            def get(path: str) -> Any:
                return urlopen(f"{data}/{path}", timeout=60).read().decode()

            for _ in range(100):  # it answers before it has read the files
                if json.loads(get("runs")) == ["run"] and "run_graph" in get("plugin/graphs/info"):
                    break
            scalars = json.loads(get("plugin/scalars/scalars?run=run&tag=a"))
            assert [(step, value) for _, step, value in scalars] == [(0, 0), (1, 1), (2, 2)]
            histograms = json.loads(get("plugin/histograms/histograms?run=run&tag=h"))
            assert [step for _, step, _ in histograms] == [0, 1, 2]
            assert 'name: "x"' in get("plugin/graphs/graph?run=run")
        finally:
            process.kill()  # a terminated TensorBoard was once seen to go on serving


def test_what_cannot_be_served(tmp_path: Path) -> None:
    done = tf1x("board", "none", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "tf1x: there is no folder 'none'.\n")
