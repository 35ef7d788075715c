"""The programs that are timed, in plain TensorFlow 1; each function returns a step to repeat."""

import numpy as np


def constant_fetch(tf):
    """Fetch a constant."""
    value = tf.constant(1.0)
    sess = tf.Session()
    return lambda: sess.run(value)


def linear_regression(tf):
    """The course's first program: three points, gradient descent."""
    x = tf.placeholder(tf.float32, [None])
    y = tf.placeholder(tf.float32, [None])
    w = tf.Variable(tf.random_normal([1]), name="weight")
    b = tf.Variable(tf.random_normal([1]), name="bias")
    cost = tf.reduce_mean(tf.square(x * w + b - y))
    train = tf.train.GradientDescentOptimizer(0.01).minimize(cost)
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    feed = {x: [1, 2, 3], y: [1, 2, 3]}
    return lambda: sess.run([cost, w, b, train], feed_dict=feed)


def mlp(tf, batch, hidden=(300, 100), optimizer=None):
    """784, the hidden sizes, 10; gradient descent unless another optimizer is given."""
    x = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.int64, [None])
    layer, width = x, 784
    for size in (*hidden, 10):
        w = tf.Variable(tf.truncated_normal([width, size], stddev=2 / width**0.5))
        layer = tf.matmul(layer, w) + tf.Variable(tf.zeros([size]))
        if size != 10:
            layer = tf.nn.relu(layer)
        width = size
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=layer))
    train = (optimizer or tf.train.GradientDescentOptimizer(0.01)).minimize(loss)
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    rng = np.random.RandomState(0)
    feed = {x: rng.rand(batch, 784).astype(np.float32), y: rng.randint(0, 10, batch)}
    return lambda: sess.run(train, feed_dict=feed)


def mlp_batch_50(tf):
    """784-300-100-10 with batches of 50, gradient descent."""
    return mlp(tf, 50)


def mlp_batch_1000(tf):
    """The same with batches of 1,000."""
    return mlp(tf, 1000)


# Name, and how many steps one timed round takes.
STEPS = {
    "constant_fetch": 2000,
    "linear_regression": 2000,
    "mlp_batch_50": 300,
    "mlp_batch_1000": 30,
}
