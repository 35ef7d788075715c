"""Period shims: programs of the time run, each shim is named, and `--no-shims` turns them off."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from tests.processes import tf1x

# name -> (a program that prints, what it prints, a part of the note on standard error)
_PROGRAMS: dict[str, tuple[str, str, str]] = {
    "removed names of NumPy": (
        """
        import numpy as np
        print(np.float is float, np.int(3.7), np.product([2, 3]), np.asscalar(np.array([4])))
        print(np.NaN, np.cast[np.int32]([1.5])[0], np.asfarray([1]).dtype)
        """,
        "True 3 6 4\nnan 1 float64\n",
        "np.float (removed from NumPy) is float",
    ),
    "bytes of arrays": (
        """
        import numpy as np
        data = np.array([1, 2], np.float32).tostring()
        print(type(data).__name__, np.fromstring(data, np.float32).tolist())
        a = np.zeros(2); a.itemset(1, 5.0); print(a.tolist())
        class Own:
            def tostring(self): return "own"
        print(Own().tostring())
        """,
        "bytes [1.0, 2.0]\n[0.0, 5.0]\nown\n",
        "ndarray.tostring",
    ),
    "arguments that NumPy took": (
        """
        import numpy as np
        print(np.reshape([1, 2], newshape=(2, 1)).tolist(), np.linspace(0, 1, 3.0).tolist())
        print(np.vstack([i, i] for i in range(2)).tolist(), np.sum(i for i in range(3)))
        print(np.array([[1], [2, 3]]).tolist(), np.array([1], copy=False).tolist())
        np.savez("a.npz", x=[np.zeros(1), np.zeros(2)])
        print(np.array([-1], np.uint8).tolist(), np.percentile([1, 2], 50, interpolation="lower"))
        """,
        "[[1], [2]] [0.0, 0.5, 1.0]\n[[0, 0], [1, 1]] 3\n[[1], [2, 3]] [1]\n[255] 1\n",
        "np.reshape(newshape=...) is np.reshape(shape=...)",
    ),
    "arrays of one element": (
        """
        import numpy as np
        x = np.array([2.5])
        print(float(x), int(x), "%.1f %s %d%%" % (x, x, np.array([[3]])), "%5.2f" % x)
        try:
            float(np.zeros(2))
        except TypeError as error:
            print("TypeError")
        print("%d %s" % (1, "a"), 7 % 4, int("12", 8), float("1"))
        """,
        "2.5 2 2.5 [2.5] 3%  2.50\nTypeError\n1 a 3 10 1.0\n",
        "float() of an array of one element takes the element",
    ),
    "dictionaries of Python 2": (
        """
        d = {"a": 1}
        print(d.has_key("a"), list(d.iteritems()), list(d.itervalues()))
        print("text".decode("utf-8"), b"bytes".decode())
        try:
            (1).iteritems
        except AttributeError as error:
            print(error)
        """,
        "True [('a', 1)] [1]\ntext bytes\n'int' object has no attribute 'iteritems'\n",
        "dict.has_key",
    ),
    "the standard library": (
        """
        import collections, inspect, itertools, time, fractions, sys, base64, threading
        print(collections.Iterable.__name__, inspect.getargspec(lambda a, b=1: 0).defaults)
        print(list(itertools.izip([1], [2])), time.clock() >= 0, fractions.gcd(4, 6))
        print(sys.maxint > 0, base64.encodestring(b"a"), threading.current_thread().isAlive())
        print(list(xrange(2)), reduce(lambda a, b: a + b, [1, 2]), isinstance("", basestring))
        """,
        "Iterable (1,)\n[(1, 2)] True 2\nTrue b'YQ==\\n' True\n[0, 1] 3 True\n",
        "time.clock is time.process_time",
    ),
    "modules with other names": (
        """
        import cPickle, Queue, ConfigParser, urllib2, imp
        from cStringIO import StringIO
        print(cPickle.loads(cPickle.dumps([1])), Queue.Queue().empty(), StringIO("x").read())
        print(urllib2.urlopen.__name__, urllib2.quote("a b"), imp.reload.__name__)
        """,
        "[1] True x\nurlopen a%20b reload\n",
        "the module cPickle is pickle",
    ),
    "images of SciPy": (
        """
        import numpy as np, scipy.misc
        from scipy.misc import imread, imsave, imresize
        imsave("a.png", np.arange(12, dtype=np.uint8).reshape(3, 4) * 20)
        image = imread("a.png")
        print(image.dtype, image.shape, image[2, 3], imresize(image, (6, 2)).shape)
        print(imresize(image, 200).shape, imresize(image, 0.5).shape, scipy.misc.comb(4, 2))
        print(scipy.misc.bytescale(np.array([0.0, 0.5, 1.0])).tolist())
        """,
        "uint8 (3, 4) 220 (6, 2)\n(6, 8) (1, 2) 6.0\n[0, 128, 255]\n",
        "scipy.misc.imread (removed from SciPy) works through Pillow",
    ),
    "gym": (
        """
        import gym
        from gym.envs.registration import register
        register(id="FrozenLake-v3", entry_point="gym.envs.toy_text:FrozenLakeEnv",
                 kwargs={"map_name": "4x4", "is_slippery": False})
        env = gym.make("FrozenLake-v3")
        print(env.reset(), env.step(1)[:3], env.observation_space.n, env.action_space.n)
        env = gym.wrappers.Monitor(gym.make("CartPole-v0"), "log", force=True)
        env.seed(1); env.reset(); total = 0; done = False
        while not done:
            _, reward, done, info = env.step(env.action_space.sample())
            total += reward
        env.close()
        print(env.get_episode_rewards() == [total], env._max_episode_steps)
        print(gym.envs.make("FrozenLake-v0").env.spec.id, gym.spaces.Discrete(3).n)
        from gym.envs.toy_text import discrete
        env = discrete.DiscreteEnv(2, 1, {0: {0: [(1.0, 1, 5.0, True)]}}, [1.0, 0.0])
        print(env.reset(), env.step(0), discrete.categorical_sample([0, 1], env.np_random))
        """,
        "0 (4, 0.0, False) 16 4\nTrue 200\nFrozenLake-v1 3\n0 (1, 5.0, True, {'prob': 1.0}) 1\n",
        "FrozenLake-v0 is FrozenLake-v1",
    ),
    "scikit-learn": (
        """
        from sklearn.cross_validation import train_test_split, KFold
        from sklearn.grid_search import GridSearchCV
        from sklearn.externals import joblib
        print(len(train_test_split([1, 2, 3, 4], test_size=0.5)[0]), len(KFold(6, n_folds=3)))
        print(joblib.dump.__name__)
        """,
        "2 3\ndump\n",
        "sklearn.model_selection",
    ),
    "a perceptron of all iterations": (
        """
        from sklearn.linear_model import Perceptron
        model = Perceptron(max_iter=5, tol=-float("inf")).fit([[0.0], [1.0]], [0, 1])
        print(model.n_iter_)
        """,
        "5\n",
        "Perceptron(tol=None)",
    ),
    "labels of matplotlib": (
        """
        import matplotlib; matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        axes = plt.figure().gca()
        axes.set_xticks([0, 1])
        axes.set_xticklabels(["a", "b", "c"])
        print([label.get_text() for label in axes.get_xticklabels()])
        """,
        "['a', 'b']\n",
        "as many labels as there are ticks",
    ),
    "pillow": (
        "from PIL import Image\nprint(int(Image.ANTIALIAS))\n",
        "1\n",
        "Image.ANTIALIAS",
    ),
}


def _run(folder: Path, source: str, *options: str) -> tuple[int, str, str]:
    (folder / "program.py").write_text(dedent(source))
    done = tf1x("run", *options, "program.py", cwd=folder)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", _PROGRAMS)
def test_a_program_of_the_time(name: str, tmp_path: Path) -> None:
    source, printed, noted = _PROGRAMS[name]
    code, out, err = _run(tmp_path, source)
    assert (code, out) == (0, printed), err
    assert noted in err
    assert all(line.startswith("tf1x: shim: ") for line in err.splitlines() if "tf1x" in line)


@pytest.mark.parametrize("name", ["removed names of NumPy", "bytes of arrays"])
def test_without_shims(name: str, tmp_path: Path) -> None:
    code, _, err = _run(tmp_path, _PROGRAMS[name][0], "--no-shims")
    assert code == 1
    assert "AttributeError" in err
    assert "shim" not in err


def test_a_name_that_nothing_ever_had(tmp_path: Path) -> None:
    code, _, err = _run(tmp_path, "import numpy as np\nnp.flaot\n")
    assert code == 1
    assert "has no attribute 'flaot'" in err


def test_arrays_of_objects(tmp_path: Path) -> None:
    array = np.empty(2, object)
    array[:] = [[1, 2], "text"]
    np.savez(tmp_path / "a.npz", x=array, y=np.arange(3))
    np.save(tmp_path / "a.npy", array)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": np.ones(2)}))
    code, out, err = _run(
        tmp_path,
        """
        import numpy as np
        with np.load("a.npz") as d:
            print(d["x"].tolist(), d["y"].tolist(), sorted(d.keys()))
        print(np.load("a.npy").tolist(), np.load(open("a.npy", "rb"))[0])
        print(np.load("a.pkl")["w"].tolist())
        """,
    )
    assert (code, out) == (
        0,
        "[[1, 2], 'text'] [0, 1, 2] ['x', 'y']\n[[1, 2], 'text'] [1, 2]\n[1.0, 1.0]\n",
    ), err
    assert "np.load of pickled arrays" in err


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def test_no_code_runs_from_a_file(tmp_path: Path) -> None:
    array = np.empty(1, object)
    array[0] = _Attack()
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(stream.getvalue())
    code, out, err = _run(tmp_path, 'import numpy as np\nnp.load("a.npy")\n')
    assert (code, out) == (1, "")
    assert "builtins.print" in err
    assert "allow_pickle=True" in err


_PY2 = """\
import mymodule
class Error(Exception): pass
try:
    raise Error, "three"
except Error, e:
    print "caught", e
print "a %d" % 0777, mymodule.double(2L), {}.has_key(1), map(str, [1])
print >>open("out.txt", "w"), u"written"
"""


def test_python_2(tmp_path: Path) -> None:
    (tmp_path / "mymodule.py").write_text(
        "def double(x):\n    print 'doubling'\n    return 2 * x\n"
    )
    code, out, err = _run(tmp_path, _PY2, "--py2")
    assert (code, out) == (0, "caught three\ndoubling\na 511 4 False ['1']\n"), err
    assert (tmp_path / "out.txt").read_text() == "written\n"
    assert "mymodule.py was translated from Python 2" in err
    assert "print 'doubling'" in (tmp_path / "mymodule.py").read_text()
    code, _, err = _run(tmp_path, _PY2)
    assert code == 1
    assert "--py2" in err


def test_lines_of_errors_are_those_of_the_file(tmp_path: Path) -> None:
    code, _, err = _run(tmp_path, "print 'one'\n\nx = {}\nx.iteritems().nothing\n", "--py2")
    assert code == 1
    assert 'program.py", line 4' in err
