"""Make checkpoints.zip: checkpoints that real TensorFlow wrote, and what it reads in them; tests/train/checkpoint
reads it. And the other way round: real TensorFlow reads what scopeflow writes.

In an environment of its own (`pip install tensorflow-cpu tf_keras`), from anywhere:

    python tests/golden/make_checkpoints.py                  # make the file anew
    python tests/golden/make_checkpoints.py --check PYTHON   # PYTHON, which has scopeflow, rewrites all of them;
                                                             # TensorFlow reads that, and compares indexes byte by byte
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import tensorflow.compat.v1 as tf  # noqa: E402

tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_resource_variables()

HERE = Path(__file__).parent
ARCHIVE = HERE / "checkpoints.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same archive each time
NUMBERS = (
    "float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "bool", "complex64", "complex128",
)  # fmt: skip
SHAPES = ((), (1,), (7,), (0, 3), (2, 3, 4))
LONG_NAMES = 4000  # which make an index of several blocks

rng = np.random.default_rng(5)


def bits(dtype, shape):
    """Random bits as an array, NaNs of all kinds included."""
    dtype = tf.as_dtype(dtype)
    if dtype == tf.bool:
        return rng.integers(0, 2, shape).astype(bool)
    octets = rng.integers(0, 256, (*shape, dtype.size), np.uint8)
    return octets.view(dtype.as_numpy_dtype).reshape(shape)


def strings(shape):
    lengths = rng.choice([0, 1, 5, 127, 128, 300], shape)
    return np.array([rng.bytes(int(n)) for n in lengths.reshape(-1)] + [None], object)[:-1].reshape(shape)


def save(path, build, version=tf.train.SaverDef.V2, sharded=False, devices=1):
    """Save the variables that `build` makes; returns the path to restore."""
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        last = build()
        saver = tf.train.Saver(write_version=version, sharded=sharded)
        with tf.Session(config=tf.ConfigProto(device_count={"CPU": devices})) as session:
            session.run(tf.global_variables_initializer())
            if last is not None:
                session.run([last])
            return saver.save(session, str(path), write_meta_graph=False, write_state=False)


def save_tensors(path, tensors):
    """Save arrays under names, in that order, with no variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        feeds = [
            tf.placeholder(tf.as_dtype(value.dtype) if value.dtype != object else tf.string)
            for value in tensors.values()
        ]
        op = tf.raw_ops.SaveV2(
            prefix=str(path), tensor_names=list(tensors), shape_and_slices=[""] * len(tensors), tensors=feeds
        )
        session.run(op, dict(zip(feeds, tensors.values(), strict=True)))
    return str(path)


def arrays():
    values = {f"{dtype}/{'x'.join(map(str, shape))}": bits(dtype, shape) for dtype in NUMBERS for shape in SHAPES}
    return values | {f"string/{'x'.join(map(str, shape))}": strings(shape) for shape in SHAPES}


def types(path):
    return save_tensors(path, dict(sorted(arrays().items())))


def types_v1(path):
    def build():
        for name, value in arrays().items():
            if not name.startswith(("string", "bfloat16", "uint32", "uint64", "float16")):  # which V1 cannot save
                tf.Variable(value, name=name)

    return save(path, build, tf.train.SaverDef.V1)


def partitions():
    for name, shape, count, axis in (
        ("rows", [7, 3], 3, 0),
        ("columns", [4, 9], 4, 1),
        ("middle", [2, 130, 2], 2, 1),
        ("single", [5], 1, 0),
    ):
        tf.get_variable(
            name, shape, initializer=tf.random_normal_initializer(),
            partitioner=tf.fixed_size_partitioner(count, axis),
        )  # fmt: skip
    tf.get_variable("integers", [300, 2], tf.int64, tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(3))
    tf.get_variable("whole", [3], initializer=tf.random_normal_initializer())


def partitioned(path):
    return save(path, partitions)


def partitioned_v1(path):
    return save(path, partitions, tf.train.SaverDef.V1)


def on_three_devices():
    for number in range(20):
        with tf.device(f"/cpu:{number % 3}"):
            tf.Variable(bits("float32", (number,)), name=f"layer_{number}/weights")
    with tf.device("/cpu:1"):
        partitions()


def sharded(path):
    return save(path, on_three_devices, sharded=True, devices=3)


def sharded_v1(path):
    return save(path, on_three_devices, tf.train.SaverDef.V1, sharded=True, devices=3)


def adam(path):
    def build():
        x = tf.random_normal([8, 5], seed=3)
        with tf.variable_scope("net"):
            hidden = tf.layers.dense(x, 6, tf.nn.relu, name="hidden")
            out = tf.layers.dense(hidden, 1, name="out")
        step = tf.train.get_or_create_global_step()
        return tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(tf.square(out)), global_step=step)

    return save(path, build)


def a_thousand(path):
    return save_tensors(
        path, {f"scope_{i // 100}/layer_{i:04d}/weights": bits("float32", (i % 5, 3)) for i in range(1000)}
    )


def many_blocks(path):
    numbers = (i * 7919 % LONG_NAMES for i in range(LONG_NAMES))
    names = sorted(f"scope_{i % 7}/layer_{i}/{'residual/' * (18 + i % 11)}kernel" for i in numbers)
    values = [bits("float16", (i % 3,)) for i in range(9)]
    return save_tensors(path, {name: values[i % 9] for i, name in enumerate(names)})


def large_blocks_v1(path):
    """Tensors larger than a block, and many small ones."""

    def build():
        tf.Variable(np.tile(bits("float32", (100,)), 900), name="large")
        tf.Variable(np.tile(np.array([0, -1, 2**62, 300]), 12000), name="large_integers")
        for i in range(200):
            tf.Variable(np.full(400, i, np.int32), name=f"layer_{i}/steps")

    return save(path, build, tf.train.SaverDef.V1)


def objects(path):
    """TensorFlow 2's own kind, by objects and not by names."""
    if not tf.executing_eagerly():
        raise RuntimeError("objects are saved eagerly")
    import tensorflow

    parts = {"step": tensorflow.Variable(7, dtype=tf.int64), "kernel": tensorflow.Variable(bits("float32", (3, 4)))}
    model = tensorflow.Module()
    model.layers = [tensorflow.Variable(bits("float64", (2,))), tensorflow.Variable("text")]
    return tensorflow.train.Checkpoint(model=model, **parts).write(str(path))


ALL = (
    types, partitioned, sharded, adam, a_thousand, many_blocks, objects,
    types_v1, partitioned_v1, sharded_v1, large_blocks_v1,
)  # fmt: skip


def what_is_in(path):
    """{name: [dtype, shape, digest of its bytes]} as TensorFlow's own reader has it; strings as they are, in hex."""
    reader = tf.train.load_checkpoint(path)
    dtypes, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    names, found = sorted(shapes), {}
    with tf.Graph().as_default(), tf.Session() as session:
        # by the op, as the reader's own get_tensor does not know all types
        restored = tf.raw_ops.RestoreV2(
            prefix=path, tensor_names=names, shape_and_slices=[""] * len(names), dtypes=[dtypes[n] for n in names]
        )
        values = session.run(restored)
    for name, value in zip(names, values, strict=True):
        shape = shapes[name]
        value = np.asarray(value, object if dtypes[name] == tf.string else None)
        if dtypes[name] == tf.string:
            content = [text.hex() for text in value.reshape(-1).tolist()]
        else:
            content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
        found[name] = [dtypes[name].name, shape, content]
    return found


def make():
    with tempfile.TemporaryDirectory() as folder:
        answers = {}
        for checkpoint in ALL:
            name = checkpoint.__name__
            os.chdir(folder)
            path = checkpoint(Path(name))
            answers[name] = {"path": Path(path).name, "tensors": what_is_in(path)}
            print(f"{name}: {len(answers[name]['tensors'])} tensors")
        answers["version"] = tf.__version__
        contents = {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}
        contents["answers.json"] = json.dumps(answers, separators=(",", ":")).encode()
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_LZMA)
    print(f"{ARCHIVE.name}: {ARCHIVE.stat().st_size / 1024:.0f} KiB")
    return 0


def check(python):
    """Have scopeflow write what it read, and TensorFlow read that. The number of faults."""
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder, "golden"), Path(folder, "rewritten")
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(here)
        there.mkdir()
        answers = json.loads((here / "answers.json").read_bytes())
        answers.pop("version")
        subprocess.run([python, HERE / "rewrite_checkpoints.py", here, there], check=True)
        for name, answer in answers.items():
            for kind in ("", "_shards", "_snappy"):
                got = what_is_in(str(there / (name + kind)))
                if got != answer["tensors"]:
                    wrong = [key for key in got | answer["tensors"] if got.get(key) != answer["tensors"].get(key)]
                    faults.append(f"{name}{kind}: TensorFlow reads other tensors: {wrong}")
            one = f"{name}.data-00000-of-00001"
            if (here / one).exists():
                for file in (one, f"{name}.index"):
                    if (here / file).read_bytes() != (there / file).read_bytes():
                        faults.append(f"{file} differs")
            print(f"{name}: {len(answer['tensors'])} tensors")
    print(*faults, sep="\n")
    print(f"tensorflow {tf.__version__}; faults: {len(faults)}")
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="PYTHON", help="an interpreter that has scopeflow")
    options = parser.parse_args()
    return check(options.check) if options.check else make()


if __name__ == "__main__":
    sys.exit(main())
