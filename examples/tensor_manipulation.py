"""Tensors by hand: rank, shape, axis, and the operations that every model is put together from.

Each section prints what an operation makes of a small array, and checks it. With an
`InteractiveSession` a tensor is asked for its value by `.eval()`, no session in sight.
"""

import argparse

import numpy as np
import tensorflow as tf

checks = 0


def section(title):
    print(f"\n== {title}")


def show(text, tensor, expected):
    """Print the value of a tensor; end the program if it is not the one expected."""
    global checks
    value = tensor.eval()
    printed = str(value).replace("\n", " ")
    print(f"{text:42s} {printed}")
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    if hasattr(expected, "shape"):
        assert value.shape == expected.shape, (value.shape, expected.shape)
    checks += 1


def numpy_arrays():
    section("numpy arrays: rank, shape, slices")
    t = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    print(f"rank {t.ndim}, shape {t.shape}")
    print(f"t[2:5] {t[2:5]}  t[:2] {t[:2]}  t[3:] {t[3:]}  t[-1] {t[-1]}")


def rank_shape_axis():
    section("rank, shape, axis")
    t = tf.constant([1, 2, 3, 4])
    show("tf.shape of a vector", tf.shape(t), [4])
    t = tf.constant([[1, 2], [3, 4]])
    show("tf.shape of a matrix", tf.shape(t), [2, 2])
    t = tf.constant([[[[1, 2, 3, 4], [5, 6, 7, 8]], [[9, 10, 11, 12], [13, 14, 15, 16]]]])
    show("tf.shape of four dimensions", tf.shape(t), [1, 2, 2, 4])
    show("tf.rank", tf.rank(t), 4)
    show("tf.size", tf.size(t), 16)
    print(f"known before any run: {t.get_shape().as_list()}")
    show("sum over axis 0", tf.reduce_sum(t, axis=0)[0, 1], [5, 6, 7, 8])
    show("sum over axis 3", tf.reduce_sum(t, axis=3), np.array([[[10, 26], [42, 58]]]))
    show(
        "sum over axis -1: the last, so the same", tf.reduce_sum(t, axis=-1), [[[10, 26], [42, 58]]]
    )


def slicing():
    section("slices of tensors")
    t = tf.constant(np.arange(12).reshape(3, 4))
    show("t[1]", t[1], [4, 5, 6, 7])
    show("t[:, 2]", t[:, 2], [2, 6, 10])
    show("t[-1, 1:3]", t[-1, 1:3], [9, 10])
    show("t[::2, ::-1]", t[::2, ::-1], [[3, 2, 1, 0], [11, 10, 9, 8]])
    show("t[..., tf.newaxis] has the shape", tf.shape(t[..., tf.newaxis]), [3, 4, 1])
    show("tf.slice", tf.slice(t, [0, 1], [2, 2]), [[1, 2], [5, 6]])
    show("tf.gather", tf.gather(t, [2, 0]), [[8, 9, 10, 11], [0, 1, 2, 3]])


def matrix_products():
    section("matmul is not multiply")
    a = tf.constant([[3.0, 3.0]])
    b = tf.constant([[2.0], [2.0]])
    show("[[3, 3]] matmul [[2], [2]]", tf.matmul(a, b), np.array([[12.0]]))
    show("[[3, 3]] * [[2], [2]]: broadcast", a * b, [[6, 6], [6, 6]])
    show("transpose", tf.transpose(tf.constant([[1, 2, 3], [4, 5, 6]])), [[1, 4], [2, 5], [3, 6]])


def broadcasting():
    section("broadcasting: watch out")
    show("same shapes", tf.constant([[3.0, 3.0]]) + tf.constant([[2.0, 2.0]]), [[5, 5]])
    show("vector + number", tf.constant([[1.0, 2.0]]) + tf.constant(3.0), [[4, 5]])
    show("row + vector", tf.constant([[1.0, 2.0]]) + tf.constant([3.0, 4.0]), [[4, 6]])
    show("row + column", tf.constant([[1, 2]]) + tf.constant([[3], [4]]), [[4, 5], [5, 6]])


def reductions():
    section("reductions")
    show("mean of whole numbers is a whole number", tf.reduce_mean([1, 2], axis=0), 1)
    x = [[1.0, 2.0], [3.0, 4.0]]
    show("mean of all", tf.reduce_mean(x), 2.5)
    show("mean over axis 0", tf.reduce_mean(x, axis=0), [2, 3])
    show("mean over axis 1", tf.reduce_mean(x, axis=1), [1.5, 3.5])
    show("mean of the sums", tf.reduce_mean(tf.reduce_sum(x, axis=-1)), 5)
    show("sum, dimensions kept", tf.reduce_sum(x, axis=1, keepdims=True), np.array([[3.0], [7.0]]))
    show("max and min", tf.stack([tf.reduce_max(x), tf.reduce_min(x)]), [4, 1])
    show("product", tf.reduce_prod(x), 24)
    show("all, any", tf.stack([tf.reduce_all([True, False]), tf.reduce_any([True, False])]), [0, 1])


def arg_max():
    section("argmax: where, not how much")
    x = [[0, 1, 2], [2, 1, 0]]
    show("axis 0", tf.argmax(x, axis=0), [1, 0, 0])
    show("axis 1", tf.argmax(x, axis=1), [2, 0])
    show("axis -1", tf.argmax(x, axis=-1), [2, 0])


def shapes_changed():
    section("reshape, squeeze, expand_dims")
    t = np.arange(12).reshape(2, 2, 3)
    show("reshape to [-1, 3]", tf.reshape(t, shape=[-1, 3]), t.reshape(4, 3))
    show("reshape to [-1, 1, 3]", tf.reshape(t, shape=[-1, 1, 3]), t.reshape(4, 1, 3))
    show("squeeze", tf.squeeze([[0], [1], [2]]), np.array([0, 1, 2]))
    show("expand_dims", tf.expand_dims([0, 1, 2], 1), np.array([[0], [1], [2]]))


def one_hot_and_cast():
    section("one_hot, cast")
    t = tf.one_hot([[0], [1], [2], [0]], depth=3)
    show("one_hot adds a dimension", tf.shape(t), [4, 1, 3])
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    show("reshape takes it away", tf.reshape(t, shape=[-1, 3]), rows)
    show("floats to int32 are cut", tf.cast([1.8, 2.2, 3.3, 4.9], tf.int32), [1, 2, 3, 4])
    show("truths to int32", tf.cast([True, False, True, False], tf.int32), [1, 0, 1, 0])


def stacking():
    section("stack, unstack, concat, split, tile")
    x, y, z = [1, 4], [2, 5], [3, 6]
    show("stack makes rows", tf.stack([x, y, z]), [[1, 4], [2, 5], [3, 6]])
    show("stack with axis=1 makes columns", tf.stack([x, y, z], axis=1), [[1, 2, 3], [4, 5, 6]])
    show("unstack gives them back", tf.unstack(tf.stack([x, y, z]))[1], y)
    show("concat adds no dimension", tf.concat([x, y, z], axis=0), [1, 4, 2, 5, 3, 6])
    show("split in two", tf.split(tf.range(6), 2)[1], [3, 4, 5])
    show("tile", tf.tile([x], [2, 2]), [[1, 4, 1, 4], [1, 4, 1, 4]])


def ones_and_zeros():
    section("ones_like, zeros_like, fill, range, where")
    x = [[0, 1, 2], [2, 1, 0]]
    show("ones_like", tf.ones_like(x), [[1, 1, 1], [1, 1, 1]])
    show("zeros_like", tf.zeros_like(x), [[0, 0, 0], [0, 0, 0]])
    show("fill", tf.fill([2, 2], 7.0), [[7, 7], [7, 7]])
    show("range of floats", tf.range(0.0, 1.1, 0.25), [0, 0.25, 0.5, 0.75, 1])
    show("where", tf.where([True, False, True], [1, 2, 3], [10, 20, 30]), [1, 20, 3])


def zipping():
    section("zip: plain Python goes through lists, tensors are for the graph")
    for pair in zip([1, 2, 3], [4, 5, 6]):
        print(pair)
    doubled = [a * b for a, b in zip(tf.unstack(tf.constant([1, 2, 3])), [4, 5, 6])]
    show("tensors zipped with numbers", tf.stack(doubled), [4, 10, 18])


def random_numbers():
    section("random tensors: another value at each eval")
    x = tf.random_uniform([2], minval=0.0, maxval=10.0)
    print(f"{x.eval()} then {x.eval()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no difference: always quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    sess = tf.InteractiveSession()
    numpy_arrays()
    rank_shape_axis()
    slicing()
    matrix_products()
    broadcasting()
    reductions()
    arg_max()
    shapes_changed()
    one_hot_and_cast()
    stacking()
    ones_and_zeros()
    zipping()
    random_numbers()
    sess.close()

    print(f"\nmeasured:     {checks} values as expected")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
