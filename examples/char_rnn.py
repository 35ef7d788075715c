"""A text, letter by letter: two layers of LSTM learn to go on with it, and then write their own.

The network reads WINDOW letters from somewhere in the text and names the next letter after each of
them. To write, it is given one letter, draws the next one from the probabilities that it answers
with, and gets that one as its next input, together with the state that it was left in.

The text is Python's own documentation of its statements, which every Python brings along
(`pydoc_data`): some 100,000 letters.
"""

import argparse
import os
from pydoc_data.topics import topics

import numpy as np
import tensorflow as tf
from tqdm import tqdm

TOPICS = [
    "assert",
    "assignment",
    "async",
    "break",
    "class",
    "compound",
    "continue",
    "context-managers",
    "del",
    "dynamic-features",
    "else",
    "exceptions",
    "execmodel",
    "for",
    "formatstrings",
    "function",
    "global",
    "if",
    "import",
    "in",
    "integers",
    "lambda",
    "lists",
    "naming",
    "nonlocal",
    "objects",
    "operator-summary",
    "pass",
    "power",
    "raise",
    "return",
    "sequence-types",
    "shifting",
    "slicings",
    "specialattrs",
    "specialnames",
    "string-methods",
    "strings",
    "subscriptions",
    "truth",
    "try",
    "types",
    "typesfunctions",
    "typesiter",
    "typesmapping",
    "typesmethods",
    "typesseq",
    "while",
    "with",
    "yield",
]
UNITS = 128
LAYERS = 2
WINDOW = 50
BATCH_SIZE = 32
LEARNING_RATE = 0.005


def read_text():
    """Return the text, and its different letters in order."""
    text = "\n".join(topics[name] for name in TOPICS if name in topics)
    text = " ".join(text.encode("ascii", "ignore").decode().split(" "))[:100_000]
    return text, sorted(set(text))


class Network:
    """The network, for inputs of any batch size and length.

    Attributes:
        X, Y: placeholders of letters by number, [batch, length]: the inputs, and those after them.
        start, end: the state before the first and after the last letter, of each layer.
        probabilities: of each letter to be the next one, [batch, length, letters].
        loss, step: of the training.
    """

    def __init__(self, letters):
        self.X = tf.placeholder(tf.int32, [None, None])
        self.Y = tf.placeholder(tf.int32, [None, None])
        one_hot = tf.one_hot(self.X, letters)
        cells = [tf.nn.rnn_cell.BasicLSTMCell(UNITS) for _ in range(LAYERS)]
        cell = tf.nn.rnn_cell.MultiRNNCell(cells)
        self.start = cell.zero_state(tf.shape(self.X)[0], tf.float32)
        outputs, self.end = tf.nn.dynamic_rnn(cell, one_hot, initial_state=self.start)
        scores = tf.layers.dense(outputs, letters)
        self.probabilities = tf.nn.softmax(scores)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.Y, logits=scores)
        self.loss = tf.reduce_mean(losses)
        optimizer = tf.train.AdamOptimizer(LEARNING_RATE)
        variables = tf.trainable_variables()
        gradients, _ = tf.clip_by_global_norm(tf.gradients(self.loss, variables), 5.0)
        self.step = optimizer.apply_gradients(zip(gradients, variables))

    def train(self, sess, ids, steps, rng):
        """Train on windows drawn at random; return the losses."""
        losses, bar = [], tqdm(range(steps), leave=False, disable=None)
        for step in bar:
            starts = rng.randint(0, len(ids) - WINDOW, BATCH_SIZE)
            windows = ids[starts[:, None] + np.arange(WINDOW + 1)]
            feed = {self.X: windows[:, :-1], self.Y: windows[:, 1:]}
            loss, _ = sess.run([self.loss, self.step], feed_dict=feed)
            losses.append(loss)
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            if (step + 1) % 200 == 0:
                print(f"step {step + 1:4d}  loss {np.mean(losses[-200:]):.4f}", flush=True)
        return losses

    def write(self, sess, ids, count, rng):
        """Return `count` letters that go on after `ids`."""
        written, inputs, state = [], ids, None
        for _ in range(count):
            feed = {self.X: [inputs]}
            if state is not None:
                feed[self.start] = state
            probabilities, state = sess.run([self.probabilities, self.end], feed_dict=feed)
            last = probabilities[0, -1].astype(np.float64)
            written.append(rng.choice(len(last), p=last / last.sum()))
            inputs = written[-1:]
        return written


def draw(losses):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(7, 4))
    plt.plot(losses, lw=0.5, color="0.7")
    count = min(20, len(losses))
    plt.plot(
        np.arange(count - 1, len(losses)), np.convolve(losses, np.ones(count) / count, "valid")
    )
    plt.xlabel("step")
    plt.ylabel("loss of a letter")
    plt.title(f"{LAYERS} layers of {UNITS} LSTM cells read Python's documentation")
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/char_rnn.png", dpi=120)
    print("plot: outputs/char_rnn.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="40 steps instead of 2,000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    steps, count = (40, 60) if args.quick else (2000, 400)
    tf.set_random_seed(args.seed)
    rng = np.random.RandomState(args.seed)

    text, letters = read_text()
    ids = np.array([letters.index(letter) for letter in text], np.int32)
    print(f"{len(text)} letters, {len(letters)} different ones")
    network = Network(len(letters))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = network.train(sess, ids, steps, rng)
        begin = "The "
        written = network.write(sess, [letters.index(letter) for letter in begin], count, rng)
    print(begin + "".join(letters[i] for i in written))
    draw(losses)

    final = np.mean(losses[-20:])
    print(f"\nmeasured:     loss {losses[0]:.4f} at first, {final:.4f} at the end")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
