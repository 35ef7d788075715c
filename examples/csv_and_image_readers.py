"""Reading files with queues: CSV lines with gaps, and pictures in records of a fixed length.

A thread of its own fills each queue while the program computes:

    file names -> [queue] -> reader -> decoded record -> [queue] -> batches

The first part reads a table in which values are missing; `decode_csv` puts the defaults in their
place, and the types of the defaults are the types of the columns. The second part writes CIFAR-10
pictures in the format of the original data set (a byte for the label, then 3,072 bytes: 32 x 32
red, then green, then blue), reads them with a `FixedLengthRecordReader` and `decode_raw`, and
trains a softmax classifier on the batches that come out.
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf

FOLDER = "outputs"
TABLES = {
    "weather-1.csv": "day,degrees,rain,place\n1,12.5,0.0,Oslo\n2,,1.5,Oslo\n3,14.0,,Rome\n",
    "weather-2.csv": "day,degrees,rain,place\n4,16.5,2.25,\n5,18.0,0.5,Rome\n,17.0,3.0,Oslo\n",
}
DEFAULTS = [[-1], [15.0], [0.0], ["unknown"]]
RECORD_BYTES = 1 + 3 * 32 * 32
BATCH = 50


def run_threads(step, steps):
    """Run `step` with the queues' threads, until the input ends or `steps` are done."""
    results = []
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess=sess, coord=coord)
        try:
            while not coord.should_stop() and len(results) < steps:
                results.append(sess.run(step))
        except tf.errors.OutOfRangeError:
            print(f"the input ended after {len(results)} batches")
        finally:
            coord.request_stop()
            coord.join(threads)
    return results


# -- a table -----------------------------------------------------------------------------------


def read_table():
    """The rows of the weather tables, gaps filled, in batches of four."""
    names = []
    for name, text in TABLES.items():
        names.append(os.path.join(FOLDER, name))
        with open(names[-1], "w") as file:
            file.write(text)

    tf.reset_default_graph()
    queue = tf.train.string_input_producer(names, num_epochs=1, shuffle=False)
    reader = tf.TextLineReader(skip_header_lines=1)
    _, line = reader.read(queue)
    columns = tf.decode_csv(line, record_defaults=DEFAULTS)
    batch = tf.train.batch(columns, batch_size=4, allow_smaller_final_batch=True)
    return run_threads(batch, steps=100)


# -- pictures ----------------------------------------------------------------------------------


def write_pictures(count):
    """Pictures and labels of CIFAR-10 in two files of its binary format."""
    pictures, labels, _, _ = course_data.cifar10()
    names = []
    for part in range(2):
        names.append(os.path.join(FOLDER, f"cifar-{part}.bin"))
        with open(names[-1], "wb") as file:
            for i in range(part, min(count, len(labels)), 2):
                planes = np.round(255 * pictures[i]).astype(np.uint8).transpose(2, 0, 1)
                file.write(bytes([labels[i]]) + planes.tobytes())
    return names


def picture_batches(names):
    """A batch of pictures, float32 in [0, 1], (BATCH, 32, 32, 3), and of labels, int32."""
    queue = tf.train.string_input_producer(names, shuffle=False)
    reader = tf.FixedLengthRecordReader(record_bytes=RECORD_BYTES)
    key, value = reader.read(queue)
    record = tf.decode_raw(value, tf.uint8)
    label = tf.cast(tf.slice(record, [0], [1]), tf.int32)
    planes = tf.reshape(tf.slice(record, [1], [RECORD_BYTES - 1]), [3, 32, 32])
    picture = tf.cast(tf.transpose(planes, [1, 2, 0]), tf.float32) / 255.0
    return tf.train.batch([picture, tf.reshape(label, []), key], batch_size=BATCH, capacity=200)


def train_on_pictures(names, steps, seed):
    """Train a softmax classifier; the losses, and the keys of the first records."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    pictures, labels, keys = picture_batches(names)
    inputs = tf.reshape(pictures, [BATCH, 32 * 32 * 3]) - 0.5
    weights = tf.Variable(tf.random_normal([32 * 32 * 3, 10], stddev=0.01), name="weights")
    bias = tf.Variable(tf.zeros([10]), name="bias")
    logits = tf.matmul(inputs, weights) + bias
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    results = run_threads([loss, keys[:3], train], steps)
    return [float(r[0]) for r in results], results[0][1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pictures and steps")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    os.makedirs(FOLDER, exist_ok=True)

    print("A table with gaps (defaults: day -1, 15 degrees, no rain, place unknown):")
    rows = 0
    for days, degrees, rain, places in read_table():
        rows += len(days)
        for row in zip(days, degrees, rain, places):
            print(f"  day {row[0]:2d}  {row[1]:5.1f} degrees  {row[2]:5.2f} mm  {row[3].decode()}")

    names = write_pictures(1000 if args.quick else 10000)
    sizes = [os.path.getsize(name) // RECORD_BYTES for name in names]
    print(f"\nPictures: {sizes[0]} and {sizes[1]} records of {RECORD_BYTES} bytes")
    losses, keys = train_on_pictures(names, steps=60 if args.quick else 600, seed=args.seed)
    print(f"the first records: {', '.join(os.path.basename(k.decode()) for k in keys)}")
    for step in range(0, len(losses), max(1, len(losses) // 6)):
        print(f"{step:5d}  loss {losses[step]:.4f}")

    tenth = max(1, len(losses) // 10)
    first, last = np.mean(losses[:tenth]), np.mean(losses[-tenth:])
    print(f"\nmeasured:     {rows} rows; loss {first:.4f} at first, {last:.4f} at last")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
