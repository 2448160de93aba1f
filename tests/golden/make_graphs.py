"""Make graphs.zip: graphs that real TensorFlow wrote, and what it computes by them; tests/train/test_meta_graph.py
reads it. And the other way round: real TensorFlow reads the graphs that scopeflow writes.

In an environment of its own (`pip install tensorflow-cpu tf_keras`), from anywhere:

    python tests/golden/make_graphs.py                  # make the file anew
    python tests/golden/make_graphs.py --check PYTHON   # PYTHON, which has scopeflow, writes its own graphs with
                                                        # what it computes by them; TensorFlow reads them and compares
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from golden import graphs  # noqa: E402

tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same archive each time


def make():
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(graphs.ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in graphs.TRAINED:
            graphs.train_and_save(tf, name, folder)
        for name in graphs.FROZEN:
            graphs.freeze(tf, name, folder)
        for path in sorted(Path(folder).iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
    print(f"{graphs.ARCHIVE.name}: {graphs.ARCHIVE.stat().st_size / 1024:.0f} KiB")
    return 0


def check(python):
    """Let scopeflow write all of them, and say where TensorFlow computes something else by what it wrote."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, str(HERE / "graphs.py"), folder], check=True)
        for name in sorted({*graphs.TRAINED, *graphs.FROZEN}):
            resume = graphs.go_on if name in graphs.TRAINED else graphs.run_frozen
            wanted = np.load(Path(folder) / f"{name}.npz")
            try:
                lines = graphs.differences(resume(tf, name, folder), wanted)
            except Exception as error:
                lines = [f"{type(error).__name__}: {str(error)[:300]}"]
            bad += bool(lines)
            print(f"{name}: {'the same' if not lines else '; '.join(lines)}")
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="PYTHON", help="a Python that has scopeflow")
    options = parser.parse_args()
    sys.exit(check(options.check) if options.check else make())
