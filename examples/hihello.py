"""A recurrent network learns to spell: given "hihell", letter by letter, it says "ihello".

After each letter the network is to name the next one. After "h" that is "i" the first time and "e"
the second: the letter alone does not tell, the network has to remember what came before. That is
what the state of a recurrent cell is for.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

WORD = "hihello"
LETTERS = "hielo"
UNITS = 5
LEARNING_RATE = 0.1
BATCH_SIZE, STEPS = 1, len(WORD) - 1


def build_network(X):
    """Return the scores of the five letters after each of the inputs."""
    cell = tf.contrib.rnn.BasicLSTMCell(num_units=UNITS, state_is_tuple=True)
    initial_state = cell.zero_state(BATCH_SIZE, tf.float32)
    outputs, _ = tf.nn.dynamic_rnn(cell, X, initial_state=initial_state, dtype=tf.float32)
    flat = tf.reshape(outputs, [-1, UNITS])
    scores = tf.contrib.layers.fully_connected(flat, len(LETTERS), activation_fn=None)
    return tf.reshape(scores, [BATCH_SIZE, STEPS, len(LETTERS)])


def train(steps):
    """Train; return the losses, what was predicted after each step, and the last probabilities."""
    ids = [LETTERS.index(letter) for letter in WORD]
    inputs = np.eye(len(LETTERS), dtype=np.float32)[[ids[:-1]]]
    wanted = [ids[1:]]

    X = tf.placeholder(tf.float32, [None, STEPS, len(LETTERS)])
    Y = tf.placeholder(tf.int32, [None, STEPS])
    scores = build_network(X)
    weights = tf.ones([BATCH_SIZE, STEPS])
    loss = tf.contrib.seq2seq.sequence_loss(logits=scores, targets=Y, weights=weights)
    optimizer = tf.train.AdamOptimizer(LEARNING_RATE).minimize(loss)
    prediction = tf.argmax(scores, axis=2)

    losses, words = [], []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps):
            cost, _ = sess.run([loss, optimizer], feed_dict={X: inputs, Y: wanted})
            (found,) = sess.run(prediction, feed_dict={X: inputs})
            losses.append(cost)
            words.append("".join(LETTERS[i] for i in found))
            if step < 5 or (step + 1) % 10 == 0:
                print(f"step {step + 1:3d}  loss {cost:.4f}  {words[-1]}")
        return losses, words, sess.run(tf.nn.softmax(scores), feed_dict={X: inputs})[0]


def draw(losses, words, probabilities):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(9, 3.5))
    left = figure.add_subplot(1, 2, 1)
    left.plot(range(1, len(losses) + 1), losses)
    right_from = 1 + next((i for i, w in enumerate(words) if w == WORD[1:]), len(words))
    left.axvline(right_from, color="black", ls="--", lw=0.8, label=f'"{WORD[1:]}" from here on')
    left.set_xlabel("step")
    left.set_title("sequence loss")
    left.legend()
    right = figure.add_subplot(1, 2, 2)
    right.imshow(probabilities.T, cmap="gray", vmin=0, vmax=1)
    right.set_xticks(range(STEPS), WORD[:-1])
    right.set_yticks(range(len(LETTERS)), LETTERS)
    right.set_title("probability of the next letter")
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/hihello.png", dpi=120)
    print("plot: outputs/hihello.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the same: it is quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    losses, words, probabilities = train(steps=50)
    draw(losses, words, probabilities)

    print(f"\nmeasured:     {words[-1]} (loss {losses[-1]:.4f})")
    print(f"in the notes: {WORD[1:]}")


if __name__ == "__main__":
    main()
