"""Training and decoding steps of networks, in plain TensorFlow 1 that tf1x and TensorFlow 2.21 run."""

import numpy as np

WORDS = 100_000, 128, 64


def _session(tf):
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


def _cnn(tf):
    """Pictures, keep probability and logits of the course's three-layer CNN."""
    x = tf.placeholder(tf.float32, [None, 784])
    keep = tf.placeholder(tf.float32)
    layer = tf.reshape(x, [-1, 28, 28, 1])
    channels = 1
    for size in (32, 64, 128):
        w = tf.Variable(tf.random_normal([3, 3, channels, size], stddev=0.01))
        layer = tf.nn.relu(tf.nn.conv2d(layer, w, strides=[1, 1, 1, 1], padding="SAME"))
        layer = tf.nn.max_pool(layer, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        layer = tf.nn.dropout(layer, keep_prob=keep)
        channels = size
    layer = tf.reshape(layer, [-1, 4 * 4 * 128])
    for i, (n, m) in enumerate(((4 * 4 * 128, 625), (625, 10))):
        w = tf.get_variable(f"dense_{i}", [n, m])
        layer = tf.matmul(layer, w) + tf.Variable(tf.zeros([m]))
        if m != 10:
            layer = tf.nn.dropout(tf.nn.relu(layer), keep_prob=keep)
    return x, keep, layer


def cnn(tf, batch=100):
    """The course's three-layer CNN on MNIST: dropout 0.7, Adam."""
    x, keep, logits = _cnn(tf)
    y = tf.placeholder(tf.int64, [None])
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.AdamOptimizer(0.001).minimize(loss)
    sess = _session(tf)
    rng = np.random.RandomState(0)
    feed = {x: rng.rand(batch, 784).astype(np.float32), y: rng.randint(0, 10, batch), keep: 0.7}
    return lambda: sess.run([loss, train], feed)


def cnn_inference(tf):
    """The class of one picture by the same network."""
    x, keep, logits = _cnn(tf)
    found = tf.argmax(logits, 1)
    sess = _session(tf)
    feed = {x: np.random.RandomState(0).rand(1, 784).astype(np.float32), keep: 1.0}
    return lambda: sess.run(found, feed)


def sampled_softmax(tf):
    """Word vectors: batch 128, 128 units, 64 sampled of 100,000 words, gradient descent."""
    words, units, sampled = WORDS
    x = tf.placeholder(tf.int32, [128])
    y = tf.placeholder(tf.int64, [128, 1])
    embedding = tf.Variable(tf.random_uniform([words, units], -1.0, 1.0))
    weights = tf.Variable(tf.truncated_normal([words, units], stddev=units**-0.5))
    biases = tf.Variable(tf.zeros([words]))
    inputs = tf.nn.embedding_lookup(embedding, x)
    loss = tf.reduce_mean(tf.nn.sampled_softmax_loss(weights, biases, y, inputs, sampled, words))
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    sess = _session(tf)
    rng = np.random.RandomState(0)
    feed = {x: rng.randint(0, words, 128), y: rng.randint(0, words, [128, 1])}
    return lambda: sess.run([loss, train], feed)


def lstm(tf, batch=32):
    """Two LSTM layers of 512 over 64 steps: forward, backward, gradient descent."""
    x = tf.placeholder(tf.float32, [batch, 64, 512])
    cells = [tf.nn.rnn_cell.BasicLSTMCell(512) for _ in range(2)]
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(outputs))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    sess = _session(tf)
    feed = {x: np.random.RandomState(0).randn(batch, 64, 512).astype(np.float32)}
    return lambda: sess.run([loss, train], feed)


def resnet_block(tf, batch=32):
    """A residual block with batch normalisation, 32 x 32 x 64: a training step."""
    x = tf.placeholder(tf.float32, [batch, 32, 32, 64])
    layer = x
    for i in range(2):
        layer = tf.layers.conv2d(layer, 64, 3, padding="same", use_bias=False, name=f"conv_{i}")
        layer = tf.layers.batch_normalization(layer, training=True, name=f"norm_{i}")
        layer = tf.nn.relu(layer) if i == 0 else layer
    loss = tf.reduce_mean(tf.square(tf.nn.relu(layer + x)))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    sess = _session(tf)
    feed = {x: np.random.RandomState(0).randn(batch, 32, 32, 64).astype(np.float32)}
    return lambda: sess.run([loss, train], feed)


BATCH, SOURCE, TARGET, UNITS, VOCABULARY = 32, 24, 20, 256, 2000


def _attention_cell(tf, memory, cell):
    """An LSTM step that attends to `memory` [batch, time, units] with dot products (Luong)."""

    def step(inputs, state):
        output, state = cell(inputs, state)
        score = tf.squeeze(tf.matmul(memory, tf.expand_dims(output, 2)), 2)
        weights = tf.expand_dims(tf.nn.softmax(score), 1)
        context = tf.squeeze(tf.matmul(weights, memory), 1)
        with tf.variable_scope("attention", reuse=tf.AUTO_REUSE):
            kernel = tf.get_variable("kernel", [2 * UNITS, UNITS])
        return tf.tanh(tf.matmul(tf.concat([output, context], 1), kernel)), state

    return step


def _seq2seq(tf):
    memory = tf.placeholder(tf.float32, [None, SOURCE, UNITS])
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS)
    embedding = tf.get_variable("embedding", [VOCABULARY, UNITS])
    projection = tf.get_variable("projection", [UNITS, VOCABULARY])
    return memory, cell, embedding, projection


def attention_decoder(tf):
    """A decoder with attention, teacher forcing, 20 steps, batch 32, 256 units: a training step."""
    memory, cell, embedding, projection = _seq2seq(tf)
    target = tf.placeholder(tf.int32, [BATCH, TARGET])
    inputs = tf.transpose(tf.nn.embedding_lookup(embedding, target), [1, 0, 2])
    step = _attention_cell(tf, memory, cell)
    rows = tf.TensorArray(tf.float32, size=TARGET).unstack(inputs)
    outputs = tf.TensorArray(tf.float32, size=TARGET)

    def body(i, attention, state, outputs):
        attention, state = step(tf.concat([rows.read(i), attention], 1), state)
        return i + 1, attention, state, outputs.write(i, attention)

    start = (0, tf.zeros([BATCH, UNITS]), cell.zero_state(BATCH, tf.float32), outputs)
    outputs = tf.while_loop(lambda i, *_: i < TARGET, body, start)[-1].stack()
    logits = tf.matmul(tf.reshape(outputs, [-1, UNITS]), projection)
    labels = tf.reshape(tf.transpose(target), [-1])
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    train = tf.train.AdamOptimizer().minimize(loss)
    sess = _session(tf)
    rng = np.random.RandomState(0)
    feed = {
        memory: rng.randn(BATCH, SOURCE, UNITS).astype(np.float32),
        target: rng.randint(0, VOCABULARY, (BATCH, TARGET)),
    }
    return lambda: sess.run([loss, train], feed)


def beam_search(tf):
    """Beam search with 5 beams over 40 steps, one sentence: decoding with attention."""
    beams, steps = 5, 40
    memory, cell, embedding, projection = _seq2seq(tf)
    step = _attention_cell(tf, memory, cell)

    def body(i, ids, attention, state, scores, history):
        inputs = tf.concat([tf.nn.embedding_lookup(embedding, ids), attention], 1)
        attention, state = step(inputs, state)
        log_probs = tf.nn.log_softmax(tf.matmul(attention, projection))
        total = tf.reshape(tf.expand_dims(scores, 1) + log_probs, [-1])
        scores, best = tf.nn.top_k(total, beams)
        parents, ids = best // VOCABULARY, best % VOCABULARY
        attention = tf.gather(attention, parents)
        state = type(state)(*(tf.gather(part, parents) for part in state))
        return i + 1, ids, attention, state, scores, history.write(i, tf.stack([parents, ids]))

    start = (
        0,
        tf.zeros([beams], tf.int32),
        tf.zeros([beams, UNITS]),
        cell.zero_state(beams, tf.float32),
        tf.constant([0.0] + [-1e9] * (beams - 1)),
        tf.TensorArray(tf.int32, size=steps),
    )
    result = tf.while_loop(lambda i, *_: i < steps, body, start)
    fetch = [result[4], result[5].stack()]
    sess = _session(tf)
    feed = {memory: np.random.RandomState(0).randn(beams, SOURCE, UNITS).astype(np.float32)}
    return lambda: sess.run(fetch, feed)


# Name, and how many steps one timed round takes.
STEPS = {
    "cnn": 10,
    "cnn_inference": 200,
    "resnet_block": 5,
    "lstm": 2,
    "attention_decoder": 10,
    "beam_search": 10,
    "sampled_softmax": 200,
}
