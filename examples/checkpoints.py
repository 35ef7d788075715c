"""Checkpoints: save every 100 steps, go on tomorrow, restore by name, restore a part.

A network with one hidden layer learns which points of a square lie inside of a ring. It is stopped
halfway; another graph and session, as in a program started the next day, restore the latest
checkpoint and go on, and end exactly where an uninterrupted training ends. Then the checkpoint is
looked into, its hidden layer is loaded under other names, and a second network takes over the
hidden layer alone and learns something else with it.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

FOLDER = os.path.join("outputs", "checkpoints")
UNITS = 16


def ring_data(seed):
    """400 points of a square, whether they lie in the ring, and whether they are on the right."""
    points = np.random.RandomState(seed).uniform(-1, 1, (400, 2)).astype(np.float32)
    radius = np.hypot(points[:, 0], points[:, 1])
    in_ring = (radius > 0.4) & (radius < 0.8)
    return points, in_ring.astype(np.float32)[:, None], (points[:, :1] > 0).astype(np.float32)


def build_graph(output="output"):
    """The network; `output` is the name of its last layer."""
    X = tf.placeholder(tf.float32, [None, 2], name="X")
    Y = tf.placeholder(tf.float32, [None, 1], name="Y")
    with tf.variable_scope("hidden"):
        W = tf.get_variable("W", [2, UNITS], initializer=tf.random_normal_initializer(stddev=2.0))
        b = tf.get_variable("b", [UNITS], initializer=tf.random_normal_initializer())
        hidden = tf.tanh(tf.matmul(X, W) + b)
    with tf.variable_scope(output):
        W = tf.get_variable("W", [UNITS, 1], initializer=tf.random_normal_initializer(stddev=0.1))
        b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
        logits = tf.matmul(hidden, W) + b
    cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=Y, logits=logits))
    correct = tf.equal(logits > 0, Y > 0.5)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    global_step = tf.train.get_or_create_global_step()
    train_op = tf.train.AdamOptimizer(0.03).minimize(cost, global_step=global_step)
    return X, Y, cost, accuracy, global_step, train_op


def train(sess, saver, network, data, last_step, every):
    """Train up to `last_step`, with a checkpoint every so many steps; return the last cost."""
    X, Y, cost, _, global_step, train_op = network
    feed = {X: data[0], Y: data[1]}
    step = sess.run(global_step)
    while step < last_step:
        _, step = sess.run([train_op, global_step], feed_dict=feed)
        if step % every == 0:
            path = saver.save(sess, os.path.join(FOLDER, "model.ckpt"), global_step=global_step)
            print(f"step {step:4d}  cost {sess.run(cost, feed_dict=feed):.4f}  saved {path}")
    return sess.run(cost, feed_dict=feed)


def first_day(data, seed, last_step, every):
    """From scratch to `last_step`."""
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        network = build_graph()
        saver = tf.train.Saver(max_to_keep=3)  # all variables, Adam's and the step included
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            return train(sess, saver, network, data, last_step, every)


def second_day(data, last_step, every):
    """From the latest checkpoint to `last_step`; no initialiser runs."""
    with tf.Graph().as_default():
        network = build_graph()
        saver = tf.train.Saver(max_to_keep=3)
        with tf.Session() as sess:
            state = tf.train.get_checkpoint_state(FOLDER)
            print(f"restoring {state.model_checkpoint_path}")
            saver.restore(sess, state.model_checkpoint_path)
            saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
            cost = train(sess, saver, network, data, last_step, every)
            X, Y, _, accuracy, _, _ = network
            return cost, sess.run(accuracy, feed_dict={X: data[0], Y: data[1]})


def look_inside(path):
    """What the checkpoint has, without a graph."""
    for name, shape in tf.train.list_variables(path):
        print(f"  {name:24s} {shape}")
    return tf.train.load_variable(path, "hidden/W")


def restore_by_name(path):
    """The hidden layer under names of our own: a dict says what the checkpoint calls them."""
    with tf.Graph().as_default():
        kernel = tf.get_variable("my_kernel", [2, UNITS])
        bias = tf.get_variable("my_bias", [UNITS])
        saver = tf.train.Saver({"hidden/W": kernel, "hidden/b": bias})
        with tf.Session() as sess:
            saver.restore(sess, path)
            return sess.run(kernel)


def restore_a_part(path, data, steps):
    """A new network: the hidden layer from the checkpoint, the output layer from scratch."""
    points, _, on_the_right = data
    with tf.Graph().as_default():
        X, Y, _, accuracy, _, train_op = build_graph(output="another_output")
        saver = tf.train.Saver(tf.global_variables("hidden/[Wb]:"))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            saver.restore(sess, path)
            for _ in range(steps):
                sess.run(train_op, feed_dict={X: points, Y: on_the_right})
            return sess.run(accuracy, feed_dict={X: points, Y: on_the_right})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="40 steps instead of 1000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    every = 4 if args.quick else 100
    halfway, end = 5 * every, 10 * every
    if tf.gfile.Exists(FOLDER):
        tf.gfile.DeleteRecursively(FOLDER)
    tf.gfile.MakeDirs(FOLDER)
    data = ring_data(args.seed)

    print("the first day:")
    first_day(data, args.seed, halfway, every)
    print("the second day:")
    cost, accuracy = second_day(data, end, every)
    path = tf.train.latest_checkpoint(FOLDER)
    print(f"files: {', '.join(sorted(os.listdir(FOLDER)))}")
    print(f"in {path}:")
    kernel = look_inside(path)
    same = np.array_equal(restore_by_name(path), kernel)
    print(f"restored by name: the same numbers: {same}")
    part = restore_a_part(path, data, steps=every)
    print("without a break:")
    unbroken = first_day(data, args.seed, end, every)

    print(f"\nmeasured:     cost {cost:.6f} after a break, {unbroken:.6f} without; accuracy {accuracy:.4f}; "
          f"{part:.4f} for the network that took over the hidden layer")  # fmt: skip
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
