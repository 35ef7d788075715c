"""Small programs with control flow on tensors: `make(tf)` gives the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# name -> (make, arguments of each call)
PROGRAMS: dict[str, tuple[Callable[[Any], Callable[..., Any]], list[tuple[Any, ...]]]] = {}
# Where TensorFlow refuses (or is wrong) and Python tells what is right.
BEYOND: dict[str, str] = {}
F = np.float32


def program(*calls: Any, beyond: str = "") -> Callable[..., Any]:
    def note(make: Callable[[Any], Callable[..., Any]]) -> Callable[[Any], Callable[..., Any]]:
        PROGRAMS[make.__name__] = make, [c if isinstance(c, tuple) else (c,) for c in calls]
        if beyond:
            BEYOND[make.__name__] = beyond
        return make

    return note


@program(3, -3)
def if_else(tf: Any) -> Any:
    def f(x):
        if x > 0:
            y = x * 2
        else:
            y = -x
        return y

    return f


@program(3, -3, 0)
def elif_chain(tf: Any) -> Any:
    def f(x):
        y = tf.constant(1)
        if x > 0:
            y = y + x
        elif x < 0:
            y = y - x
        else:
            y = 10
        return y

    return f


@program(3, -3, 50)
def early_returns(tf: Any) -> Any:
    def f(x):
        if x < 0:
            return -x
        if x > 10:
            x = x - 10
            return x * 2
        x = x + 1
        return x  # noqa: RET504

    return f


@program(3, 30, 7)
def nested_returns(tf: Any) -> Any:
    def f(x):
        if x > 5:
            if x > 20:
                return x * 2
            return x * 3
        return x

    return f


@program(F(0.5), F(4.0), F(-1.0))
def expressions(tf: Any) -> Any:
    def f(x):
        y = x if x > 1.0 else x * 10.0
        z = 1.0 if not ((x > 0.0 and y > 3.0) or x < -0.5) else 2.0
        return y, z, x > 0.0 and 1.0 > 2.0, 1.0 < 2.0 and x > 0.0

    return f


@program(0, 1, 10)
def while_loop(tf: Any) -> Any:
    def f(n):
        i = 0
        s = 0
        while i < n:
            s += i
            i += 1
        return s, i

    return f


@program(0, 4, 20)
def breaks(tf: Any) -> Any:
    def f(n):
        s = 0
        i = 0
        while i < n:
            i += 1
            if i % 2 == tf.constant(0) or tf.equal(i % 2, 0):
                continue
            if i > 9:
                break
            s += i
        return s, i

    return f


@program(0, 3, 12)
def range_loop(tf: Any) -> Any:
    def f(n):
        s = 0
        for i in tf.range(n):
            if i > 7:
                break
            s += i
        for j in range(n):
            s += 2 * j
        for k in tf.range(n, 0, -2):
            s += k
        return s

    return f


@program(([1.0, 2.0, 3.0],), ([[1.0, 2.0], [3.0, 4.0]],))
def rows(tf: Any) -> Any:
    def f(x):
        s = tf.zeros_like(x[0])
        for row in x:
            s = s * 2.0 + row
        return s, len(x)

    return f


@program(0, 3, 12, beyond="return in the inner of two loops")
def returns_in_loops(tf: Any) -> Any:
    def f(n):
        for i in tf.range(n):
            if i * i > n:
                return i
            for j in tf.range(3):
                if i + j == tf.constant(-1) or tf.equal(i + j, 11):
                    return j * 100
        return -1

    return f


@program(3, 8, beyond="for/else")
def python_values(tf: Any) -> Any:
    def f(x):
        found = []
        total = 0
        for i in range(5):
            if i == 1:
                continue
            if i == 4:
                break
            found.append(i)
            total = total + x * i
        else:
            total = -1
        k = 0
        while k < 3:
            k += 1
        names = {"a": 1} if found else None
        return total, k, len(found), names["a"] and max(found), isinstance(total, int)

    return f


@program(5, beyond="for/else")
def else_of_loops(tf: Any) -> Any:
    def f(n):
        s = 0
        for i in [1, 2, 3]:
            if i == 7:
                break
        else:
            s = s + n
        while s > 100:
            s -= 1
        else:
            s = s + 1000
        return s

    return f


@program(4)
def calls(tf: Any) -> Any:
    def relu(x):
        if x > 0:
            return x
        return 0

    def factorial(n):
        r = 1
        while n > 0:
            r *= n
            n -= 1
        return r

    class Model:
        def __init__(self):
            self.bias = 10

        def __call__(self, x):
            if x > 100:
                return x
            return self.add(x)

        def add(self, x):
            if x < 0:
                x = x - self.bias
            else:
                x = x + self.bias
            return x

    model = Model()

    def f(x):
        square = lambda v: v * v if v > 2 else v  # noqa: E731
        return relu(x), relu(-x), factorial(x), model(x), model(-x), square(x), square(x - 3)

    return f


@program(4)
def attributes(tf: Any) -> Any:
    class Box:
        pass

    def f(n):
        box = Box()
        box.total = 0
        d = {"k": 1}
        for i in tf.range(n):
            box.total += i
            if box.total > 2:
                d["k"] = d["k"] + 1
        return box.total, d["k"]

    return f


@program(4, 0, beyond="TensorFlow gives 0")
def nonlocals(tf: Any) -> Any:
    def f(n):
        count = 0

        def add(k):
            nonlocal count
            if k > 0:
                count = count + k
            else:
                count = count - 1

        add(n)
        add(-n)
        return count

    return f


@program(4)
def structures(tf: Any) -> Any:
    def f(n):
        pair = (n, {"x": n + 1})
        if n > 3:
            pair = (pair[0] * 2, {"x": pair[1]["x"]})
        else:
            pair = (0, {"x": 0})
        while pair[0] < 100:
            pair = (pair[0] * 2, pair[1])
        return pair[0], pair[1]["x"]

    return f


@program(([3, 1, 2],))
def builtins(tf: Any) -> Any:
    def f(x):
        return len(x), abs(x), int(tf.reduce_mean(x)), float(x[0]), [i + 1 for i in range(3)]

    return f


@program(([3, 1, 2],), beyond="TensorFlow 2.21 iterates")
def extremes(tf: Any) -> Any:
    def f(x):
        return max(x), min(x), max(x[0], x[1], x[2]), max([4, 5])

    return f


@program((2, 3), (5, 5), (9, 1))
def gcd(tf: Any) -> Any:
    def f(a, b):
        while b > 0:
            a, b = b, a % b
        return a

    return f


@program(np.int64(4), np.int64(100))
def datasets(tf: Any) -> Any:
    def f(n):
        s = tf.constant(0, tf.int64)
        for x in tf.data.Dataset.range(10):
            if x > n:
                break
            if x % 2 > 0:
                continue
            s += x
        t = tf.constant(0, tf.int64)
        for a, b in tf.data.Dataset.range(4).map(lambda v: (v, v * v)):
            t += a + b
        return s, t

    return f


@program(4)
def undefined_before(tf: Any) -> Any:
    def f(n):
        for i in tf.range(n):
            last = i * 2
        return last + i

    return f


@program(F(3.0), F(1.0), beyond="a variable of one branch where the other returns")
def with_and_try(tf: Any) -> Any:
    def f(x):
        with tf.name_scope("inside"):
            if x > 2.0:
                y = x
            else:
                return x * 100.0
        try:
            while y < 50.0:
                y = y * y
        finally:
            y = y + 1.0
        return y

    return f


@program(5)
def temporaries(tf: Any) -> Any:
    def f(n):
        s = 0
        for i in tf.range(n):
            t = i * i
            if t > 3:
                u = t - 1
                s += u
            else:
                v = (t, t)
                s += v[0]
        return s

    return f


@program(5)
def variables(tf: Any) -> Any:
    v = tf.Variable(1)

    def f(n):
        for i in tf.range(n):
            if v > 3:
                v.assign_add(i)
            else:
                v.assign(v * 2)
        return v.read_value()

    return f


@program(3, 6)
def arrays(tf: Any) -> Any:
    def f(n):
        ta = tf.TensorArray(tf.int32, size=n)
        for i in tf.range(n):
            if i > 2:
                ta = ta.write(i, -i)
            else:
                ta = ta.write(i, i)
        return ta.stack()

    return f


@program(3)
def chained(tf: Any) -> Any:
    def f(x):
        def inner(y):
            if y > 2:
                return y * x
            return y

        return inner(x) + (lambda z: inner(z))(x - 2)

    return f
