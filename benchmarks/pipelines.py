"""Input pipelines, in plain TensorFlow 1 that tf1x and TensorFlow 2.21 run: what a step is fed."""

import os
import statistics
import tempfile

import numpy as np

FILES, IMAGES_PER_FILE, BATCH = 2, 32, 16
HEIGHT, WIDTH, SIZE = 300, 400, 224


def _initialised(tf, dataset, consume):
    """A step that runs `consume` of the dataset's next element."""
    iterator = dataset.make_initializable_iterator()
    fetch = consume(*iterator.get_next())
    session = tf.Session()
    session.run([tf.global_variables_initializer(), iterator.initializer])
    return lambda: session.run(fetch)


def shuffled_slices(tf):
    """Batches of 128 of a shuffled MNIST-sized array in memory."""
    images = np.random.RandomState(0).rand(20000, 784).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((images, np.arange(20000)))
    data = data.shuffle(5000, seed=1).repeat().batch(128)
    return _initialised(tf, data, lambda x, y: [x, y])


def mapped_slices(tf):
    """The same with a function of each element, computed ahead."""
    images = np.random.RandomState(0).rand(20000, 784).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((images, np.arange(20000)))
    data = data.shuffle(5000, seed=1).repeat()
    data = data.map(lambda x, y: (x * 2 - 1, y), num_parallel_calls=2).batch(128).prefetch(2)
    return _initialised(tf, data, lambda x, y: [x, y])


def _records():
    """Record files of JPEG images with labels, made once a machine."""
    folder = os.path.join(tempfile.gettempdir(), f"tf1x-benchmark-{HEIGHT}x{WIDTH}")
    paths = [os.path.join(folder, f"{i}.tfrecord") for i in range(FILES)]
    if all(map(os.path.exists, paths)):
        return paths
    from io import BytesIO

    from PIL import Image

    from tf1x.core.messages import Example
    from tf1x.core.records import RecordWriter

    os.makedirs(folder, exist_ok=True)
    random = np.random.RandomState(0)
    for path in paths:
        with RecordWriter(path + ".new") as writer:
            for i in range(IMAGES_PER_FILE):
                small = random.randint(0, 256, (30, 40, 3)).astype(np.uint8)
                stream = BytesIO()
                Image.fromarray(small).resize((WIDTH, HEIGHT)).save(stream, "JPEG", quality=90)
                example = Example()
                feature = example.features.feature
                feature["image"].bytes_list.value.append(stream.getvalue())
                feature["label"].int64_list.value.append(i % 10)
                writer.write(example.SerializeToString())
        os.replace(path + ".new", path)
    return paths


def _images(tf):
    def decoded(record):
        features = {
            "image": tf.FixedLenFeature([], tf.string),
            "label": tf.FixedLenFeature([], tf.int64),
        }
        parsed = tf.parse_single_example(record, features)
        image = tf.image.decode_jpeg(parsed["image"], channels=3)
        image = tf.image.resize_images(image, [SIZE, SIZE])
        return image / 127.5 - 1.0, parsed["label"]

    data = tf.data.TFRecordDataset(_records()).shuffle(32, seed=1).repeat()
    return data.map(decoded, num_parallel_calls=2).batch(BATCH, drop_remainder=True).prefetch(2)


def jpeg_records(tf):
    """Batches of images: records, parsed, decoded, resized to 224 x 224."""
    return _initialised(tf, _images(tf), lambda x, y: [x, y])


def jpeg_training(tf):
    """The same, fed to a step that trains a small CNN."""

    def step(image, label):
        layer = image
        for i, channels in enumerate((16, 32)):
            w = tf.get_variable(f"w{i}", [5, 5, int(layer.shape[-1]), channels])
            layer = tf.nn.relu(tf.nn.conv2d(layer, w, [1, 4, 4, 1], "SAME"))
        flat = tf.reshape(layer, [-1, int(np.prod(layer.shape.as_list()[1:]))])
        logits = tf.matmul(flat, tf.get_variable("out", [int(flat.shape[1]), 10]))
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)
        )
        return tf.train.GradientDescentOptimizer(0.01).minimize(loss)

    return _initialised(tf, _images(tf), step)


# Steps a round: many more than elements wait ready while the other engine has its turn.
STEPS = {"shuffled_slices": 200, "mapped_slices": 40, "jpeg_records": 16, "jpeg_training": 16}
ELEMENTS = {"shuffled_slices": 128, "mapped_slices": 128, "jpeg_records": BATCH, "jpeg_training": BATCH}  # fmt: skip


def run():
    """Measure every pipeline and print a line each."""
    from benchmarks.steps import over, timed

    _records()
    print(f"{'elements a second':22s}{'tf1x':>10s}{'TF 2.21':>10s}{'tf1x/TF':>9s}")
    results = {}
    for program, count in ELEMENTS.items():
        timings = timed(program, ["tf1x", "tensorflow"], 3)
        found = results[program] = {
            f"{name}_per_second": count / statistics.median(timing.seconds)
            for name, timing in timings.items()
        }
        found["tf1x_over_tensorflow"] = over(timings, "tensorflow")
        print(
            f"{program:22s}{found['tf1x_per_second']:10.0f}{found['tensorflow_per_second']:10.0f}"
            f"{found['tf1x_over_tensorflow']:9.2f}",
            flush=True,
        )
    return results
