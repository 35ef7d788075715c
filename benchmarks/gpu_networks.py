"""The programs of the GPU benchmark in plain TensorFlow 1, large enough to keep a GPU at work."""

import numpy as np

from benchmarks import networks

# Batch sizes, which the versions in JAX and PyTorch share.
BATCHES = {"mlp": 8192, "cnn": 4096, "resnet_block": 512, "lstm": 512}
# Name, and how many steps one timed round takes.
STEPS = dict.fromkeys(BATCHES, 20)


def mlp(tf, batch):
    """784-2048-2048-10, Adam."""
    x, y = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.int64, [None])
    layer, width = x, 784
    for i, size in enumerate((2048, 2048, 10)):
        w, b = tf.get_variable(f"w{i}", [width, size]), tf.Variable(tf.zeros([size]))
        layer = tf.matmul(layer, w) + b
        layer = tf.nn.relu(layer) if i < 2 else layer
        width = size
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=layer))
    train = tf.train.AdamOptimizer(0.001).minimize(loss)
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    rng = np.random.RandomState(0)
    feed = {x: rng.rand(batch, 784).astype(np.float32), y: rng.randint(0, 10, batch)}
    return lambda: sess.run([loss, train], feed)


cnn, resnet_block, lstm = networks.cnn, networks.resnet_block, networks.lstm
