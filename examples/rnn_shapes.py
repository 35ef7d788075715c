"""Recurrent cells by their shapes: one step, many steps, batches, layers.

A recurrent cell is a small network that is applied again and again, each time to the next input and
to its own state of the time before. Everything here is about which tensor has which shape: inputs
are [batch, time, size of an input], outputs [batch, time, units of the cell], and the state that is
left at the end is one [batch, units] for a BasicRNNCell or GRUCell, and two of them, c and h, for an
LSTM. The letters of "hello" are the inputs, one-hot; nothing is learned.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

H, E, L, O = np.eye(4, dtype=np.float32)  # noqa: E741 (the letters)
UNITS = 2


def show(sess, title, *fetches):
    """Print the shapes of tensors, and their values if they are small; return the values."""
    print(f"\n{title}")
    values = sess.run([tensor for _, tensor in fetches])
    for (name, tensor), value in zip(fetches, values):
        print(f"  {name:16s} {tensor.get_shape().as_list()!s:18s} has {list(value.shape)}")
        if value.size <= 12:
            print("    " + np.array2string(value, precision=4, prefix="    "))
    return values


def one_letter(sess):
    """A cell applied to a single letter: output and state are the same thing."""
    with tf.variable_scope("one_letter"):
        x = tf.constant(np.array([[H]]))
        cell = tf.nn.rnn_cell.BasicRNNCell(UNITS)
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    sess.run(tf.global_variables_initializer())
    found = show(sess, "one letter: h", ("inputs", x), ("outputs", outputs), ("state", state))
    assert np.allclose(found[1][:, 0], found[2])


def five_letters(sess):
    """Unfolded by hand, step by step, and by `dynamic_rnn`: the same numbers."""
    x = tf.constant(np.array([[H, E, L, L, O]]))
    cell = tf.nn.rnn_cell.BasicRNNCell(UNITS)
    with tf.variable_scope("five_letters"):
        outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    steps, at = [], cell.zero_state(1, tf.float32)
    for letter in tf.unstack(x, axis=1):
        output, at = cell(letter, at)  # with the same weights: it is the same cell
        steps.append(output)
    unfolded = tf.stack(steps, axis=1)
    sess.run(tf.global_variables_initializer())
    found = show(
        sess,
        "five letters: hello",
        ("inputs", x),
        ("outputs", outputs),
        ("state", state),
        ("by hand", unfolded),
    )
    assert np.allclose(found[1], found[3], atol=1e-6)
    kernel, bias = (v for v in tf.trainable_variables() if v.name.startswith("five_letters"))
    show(sess, "its weights", (kernel.op.name[17:], kernel), (bias.op.name[17:], bias))


def batches(sess):
    """Three words at once, of different lengths: after a word's end its outputs are zero."""
    x = tf.constant(np.array([[H, E, L, L, O], [E, O, L, L, L], [L, L, E, E, L]]))
    with tf.variable_scope("batches"):
        outputs, state = tf.nn.dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(UNITS), x, sequence_length=[5, 3, 4], dtype=tf.float32
        )
    sess.run(tf.global_variables_initializer())
    _, values, last = show(
        sess,
        "three words of 5, 3 and 4 letters",
        ("inputs", x),
        ("outputs", outputs),
        ("state", state),
    )
    print("  outputs of the second word:")
    print("    " + np.array2string(values[1], precision=4, prefix="    "))
    assert not values[1, 3:].any()
    assert np.allclose(values[1, 2], last[1])


def lstm(sess):
    """An LSTM's state has two parts; the output is the second."""
    x = tf.constant(np.array([[H, E, L, L, O], [E, O, L, L, L], [L, L, E, E, L]]))
    with tf.variable_scope("lstm"):
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(UNITS), x, dtype=tf.float32)
    sess.run(tf.global_variables_initializer())
    found = show(
        sess,
        "three words, LSTM",
        ("inputs", x),
        ("outputs", outputs),
        ("state.c", state.c),
        ("state.h", state.h),
    )
    assert np.allclose(found[1][:, -1], found[3])


def layers(sess):
    """Cells on top of each other: each reads the outputs of the one below; a state for each."""
    x = tf.constant(np.array([[H, E, L, L, O], [E, O, L, L, L], [L, L, E, E, L]]))
    sizes = (5, 3, UNITS)
    with tf.variable_scope("layers"):
        cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(n) for n in sizes])
        outputs, states = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    sess.run(tf.global_variables_initializer())
    named = [(f"layer {i + 1}, state.h", state.h) for i, state in enumerate(states)]
    show(sess, f"three layers of {sizes} units", ("inputs", x), ("outputs", outputs), *named)
    return sum(int(np.prod(v.get_shape().as_list())) for v in tf.trainable_variables("layers"))


def both_directions(sess):
    """One cell reads forward, another one backward: two outputs for each letter."""
    x = tf.constant(np.array([[H, E, L, L, O]]))
    with tf.variable_scope("both_directions"):
        (forward, backward), _ = tf.nn.bidirectional_dynamic_rnn(
            tf.nn.rnn_cell.GRUCell(UNITS), tf.nn.rnn_cell.GRUCell(UNITS), x, dtype=tf.float32
        )
        joined = tf.concat([forward, backward], axis=2)
    sess.run(tf.global_variables_initializer())
    show(
        sess, "in both directions", ("forward", forward), ("backward", backward), ("joined", joined)
    )
    return sess.run(joined)[0]


def draw(values):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(5, 3))
    plt.imshow(values.T, cmap="coolwarm", vmin=-1, vmax=1)
    plt.xticks(range(5), "hello")
    plt.yticks(range(4), ["forward 1", "forward 2", "backward 1", "backward 2"])
    plt.title("outputs of two GRU cells, not trained")
    plt.colorbar(shrink=0.7)
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/rnn_shapes.png", dpi=120)
    print("plot: outputs/rnn_shapes.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the same: it is quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    with tf.Session() as sess:
        for part in (one_letter, five_letters, batches, lstm):
            part(sess)
        count = layers(sess)
        draw(both_directions(sess))

    print(f"\nmeasured:     shapes as expected; the three layers have {count} parameters")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
