"""Record which names TensorFlow 1's interface has, under real TensorFlow: `python tests/golden/make_names.py`.

Writes tensorflow_names.txt beside this file, a line for each namespace: `nn: all_candidate_sampler atrous_conv2d …`.
`docs/make_coverage.py` holds scopeflow's names against it.
"""

import inspect
import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FILE = Path(__file__).with_name("tensorflow_names.txt")
# Namespaces of other programming models, of other devices, or of tools around TensorFlow.
LEFT_OUT = {
    "audio", "autograph", "compat", "config", "distribute", "estimator", "experimental", "feature_column", "keras",
    "lite", "lookup", "mixed_precision", "mlir", "nest", "profiler", "quantization", "ragged", "raw_ops",
    "resource_loader", "saved_model", "sets", "tf_decorator", "tpu", "types", "user_ops", "version", "xla",
}  # fmt: skip
# The same names as in another namespace.
TWICE = {"app.flags", "queue", "io.gfile", "math.special", "train.queue_runner"}


def names(module, path: str = "") -> dict[str, list[str]]:
    """{namespace: public names that are no namespaces}, this one's and those inside it."""
    found: dict[str, list[str]] = {path: []}
    for name in dir(module):
        value = getattr(module, name, None)
        inner = f"{path}.{name}".lstrip(".")
        if name.startswith("_") or name in LEFT_OUT or inner in TWICE:
            continue
        if inspect.ismodule(value):
            if value.__name__.partition(".")[0] in ("tensorflow", "tf_keras", "keras"):
                found |= names(value, inner)
        else:
            found[path].append(name)
    return found


def main() -> None:
    import tensorflow.compat.v1 as tf

    lines = [f"{path or 'tf'}: {' '.join(sorted(found))}" for path, found in sorted(names(tf).items()) if found]
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
