"""A long training loop keeps its memory flat; `make bench` measures 100,000 steps."""

import gc
import tracemalloc

import tf1x as tf


def test_steps_leave_no_python_objects_behind():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        w = tf.Variable([1.0])
        train = tf.train.GradientDescentOptimizer(0.01).minimize(tf.reduce_mean(tf.square(w * x)))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())

            def steps(count):
                for _ in range(count):
                    sess.run([train, w], {x: [1.0, 2.0]})
                gc.collect()

            steps(50)
            tracemalloc.start()
            before = len(gc.get_objects()), tracemalloc.get_traced_memory()[0]
            steps(2000)
            after = len(gc.get_objects()), tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
    assert after[0] - before[0] < 50
    assert after[1] - before[1] < 50_000
