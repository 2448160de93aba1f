"""scopeflow in TensorFlow's place: `import tensorflow` and its inner paths, for this process alone."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

from .absent import instead_of
from .lookup import PAGE, missing

VERSION = "1.15.0"  # the last TensorFlow of these names; programs compare it to know what they may call
_HOME = __name__.partition(".")[0]

# TensorFlow's inner modules, and where here their names are: namespaces of the root ("" is the root itself), or
# modules of the package, which begin with a dot.
_ROOT, _NN, _TRAIN, _LAYERS = ("",), ("nn", ""), ("train", ""), ("layers",)
_INNER: dict[str, tuple[str, ...]] = {
    **{
        f"python.ops.{name}": _ROOT
        for name in (
            "check_ops", "clip_ops", "confusion_matrix", "functional_ops", "gen_array_ops",
            "gen_data_flow_ops", "gen_math_ops", "gen_random_ops", "gen_state_ops", "gradients",
            "gradients_impl", "histogram_ops", "linalg_ops", "logging_ops", "map_fn", "math_ops",
            "numerics", "parsing_ops", "partitioned_variables", "random_ops", "script_ops", "sort_ops",
            "sparse_ops", "special_math_ops", "standard_ops", "state_ops", "template", "tensor_array_ops",
            "variables",
        )
    },
    **{f"python.ops.{name}": (".compat.inner_ops", "") for name in ("array_ops", "io_ops", "variable_scope")},
    "python.ops.bitwise_ops": ("bitwise",),
    "python.ops.variables": ("", ".train.saver"),
    "python.ops.candidate_sampling_ops": _NN,
    "python.ops.ctc_ops": _NN,
    "python.ops.gen_image_ops": ("image", ""),
    "python.ops.gen_nn_ops": _NN,
    "python.ops.image_ops_impl": ("image",),
    "python.ops.linalg.linalg": ("linalg",),
    "python.ops.losses.losses_impl": ("losses",),
    "python.ops.losses.util": ("losses",),
    "python.ops.manip_ops": ("manip",),
    "python.ops.stateless_random_ops": ("random", ""),
    "python.ops.summary_ops": ("summary",),
    "python.ops.control_flow_ops": ("", ".engine.ops.effects"),
    "python.ops.distributions": ("distributions",),
    "python.ops.data_flow_ops": (".data.staging", ""),
    "python.ops.embedding_ops": _NN,
    "python.ops.gradient_checker": ("test",),
    "python.ops.image_ops": ("image",),
    "python.ops.init_ops": ("", ".scopes.initializers", "initializers"),
    "python.ops.signal.signal": ("signal",),
    "python.ops.spectral_ops": ("spectral",),
    "python.ops.string_ops": ("strings", ""),
    "python.ops.lookup_ops": ("contrib.lookup", "lookup", ""),
    "python.ops.losses.losses": ("losses",),
    "python.ops.metrics": ("metrics",),
    "python.ops.metrics_impl": ("metrics",),
    "python.ops.nn": _NN,
    "python.ops.nn_impl": _NN,
    "python.ops.nn_ops": _NN,
    "python.ops.rnn": (".nn.rnn", "nn"),
    "python.ops.rnn.rnn_cell_impl": ("nn.rnn_cell",),
    "python.ops.rnn_cell": ("nn.rnn_cell",),
    "python.ops.rnn_cell_impl": ("nn.rnn_cell",),
    "python.framework.constant_op": _ROOT,
    "python.framework.dtypes": ("dtypes", ""),
    "python.framework.errors": ("errors",),
    "python.framework.errors_impl": ("errors",),
    "python.framework.function": (".compat.function",),
    "python.framework.indexed_slices": _ROOT,
    "python.framework.smart_cond": ("contrib.framework",),
    "python.framework.graph_util": ("graph_util",),
    "python.framework.ops": (".compat.inner_ops", ".engine.meta_protos", ""),
    "python.framework.random_seed": ("random", ""),
    "python.framework.sparse_tensor": _ROOT,
    "python.framework.tensor_spec": _ROOT,
    "python.framework.tensor_shape": ("", ".engine.shapes"),
    "python.framework.tensor_util": (".engine.static", ""),
    "python.framework.test_util": ("test",),
    **{
        f"python.training.{name}": _TRAIN
        for name in (
            "adadelta", "adagrad", "adam", "basic_session_run_hooks", "checkpoint_management",
            "checkpoint_utils", "coordinator", "ftrl", "gradient_descent", "input", "learning_rate_decay",
            "momentum", "moving_averages", "optimizer", "queue_runner", "rmsprop",
            "saver", "session_run_hook", "supervisor", "training", "training_util",
        )
    },
    "python.training.monitored_session": (".train.monitored", "train"),
    "python.data": ("data",),
    "python.data.experimental": ("data.experimental",),
    "python.data.ops.dataset_ops": ("data",),
    "python.data.ops.iterator_ops": ("data",),
    "python.data.ops.readers": ("data",),
    "python.client.device_lib": (".compat.device_lib",),
    "python.client.session": _ROOT,
    "python.client.timeline": (".compat.timeline",),
    "python.tools.freeze_graph": (".compat.tools",),
    "python.tools.inspect_checkpoint": (".compat.tools",),
    "python.tf2": (".compat.switches",),
    "python.util.all_util": (".compat.documenting",),
    "python.util.deprecation": (".compat.deprecation",),
    **{f"python.util.{name}": (".compat.decorating",) for name in ("tf_contextlib", "tf_decorator")},
    "python.util.tf_inspect": (".compat.signatures",),
    "python.platform.app": ("app",),
    "python.platform.flags": ("flags",),
    "python.platform.gfile": ("gfile",),
    "python.platform.googletest": ("test",),
    "python.platform.test": ("test",),
    "python.platform.tf_logging": ("logging",),
    "python.util.compat": (".compat.text",),
    "python.util.nest": (".engine.nest",),
    "python.layers.base": _LAYERS,
    "python.layers.convolutional": _LAYERS,
    "python.layers.core": _LAYERS,
    "python.layers.normalization": _LAYERS,
    "python.layers.pooling": _LAYERS,
    "python.layers.utils": ("contrib.layers.utils",),
    "python.lib.io.tf_record": ("python_io",),
    "python.pywrap_tensorflow": (".compat.pywrap", "train"),
    "python.summary.summary": ("summary",),
    "python.summary.summary_iterator": _TRAIN,
    "python.summary.writer.writer": ("summary",),
    **{f"core.example.{name}_pb2": _TRAIN for name in ("example", "feature")},
    **{
        f"core.framework.{name}_pb2": (".engine.graph_objects",)
        for name in ("attr_value", "graph", "node_def", "tensor", "tensor_shape", "versions")
    },
    "core.framework.summary_pb2": (".train.summary.messages",),
    "core.framework.types_pb2": (".compat.data_types",),
    "core.framework.variable_pb2": (".engine.meta_protos",),
    "core.protobuf.config_pb2": _ROOT,
    "core.protobuf.meta_graph_pb2": (".engine.meta_protos",),
    "core.protobuf.saver_pb2": (".engine.meta_protos",),
    "core.util.event_pb2": (".train.summary.messages",),
    "python.framework.graph_io": ("train",),
    "python.framework.graph_util_impl": ("graph_util",),
    "python.framework.importer": _ROOT,
    "python.framework.meta_graph": (".train.meta_graph",),
    "python.eager.context": (".compat.switches",),
    "python.ops.control_flow_util": (".compat.control_flow_util",),
    "python.ops.custom_gradient": _ROOT,
    "python.ops.resources": (".compat.resources",),
    "core.protobuf.rewriter_config_pb2": (".engine.settings",),
    "contrib.eager.python.tfe": ("contrib.eager",),
    "contrib.framework.python.framework.checkpoint_utils": ("contrib.framework",),
    "contrib.framework.python.ops": ("contrib.framework",),
    **{f"contrib.framework.python.ops.{name}": ("contrib.framework",) for name in ("arg_scope", "variables")},
    "contrib.layers.python.layers": ("contrib.layers",),
    **{
        f"contrib.layers.python.layers.{name}": ("contrib.layers",)
        for name in ("feature_column", "initializers", "layers", "optimizers", "regularizers", "summaries")
    },
    "contrib.layers.python.layers.utils": ("contrib.layers.utils",),
    "contrib.rnn.python.ops.core_rnn_cell": ("contrib.rnn",),
    "contrib.rnn.python.ops.core_rnn_cell_impl": ("contrib.rnn",),
    "contrib.rnn.python.ops.rnn_cell": ("contrib.rnn",),
    **{
        f"contrib.{home}.python.{folder}.{name}": (f"contrib.{home}",)
        for home, folder, names in (
            ("crf", "ops", ("crf",)),
            ("factorization", "ops", ("clustering_ops",)),
            ("legacy_seq2seq", "ops", ("seq2seq",)),
            ("losses", "losses", ("loss_ops",)),
            ("metrics", "ops", ("metric_ops",)),
            ("opt", "training", ("external_optimizer", "lazy_adam_optimizer", "nadam_optimizer",
                                 "weight_decay_optimizers")),
            ("rnn", "ops", ("core_rnn", "fused_rnn_cell", "gru_ops", "lstm_ops", "rnn")),
            ("seq2seq", "ops", ("attention_wrapper", "basic_decoder", "beam_search_decoder", "beam_search_ops",
                                "helper", "loss")),
            ("signal", "ops", ("mel_ops", "mfcc_ops", "reconstruction_ops", "shape_ops", "spectral_ops", "window_ops")),
            ("training", "training", ("evaluation", "hparam", "training")),
        )
        for name in names
    },
    "contrib.seq2seq.python.ops.decoder": (".nn.rnn", "contrib.seq2seq"),
    **{f"contrib.slim.python.slim.{name}": (f"contrib.slim.{name}",) for name in ("evaluation", "learning", "nets")},
    **{
        f"contrib.slim.python.slim.nets.{name}": (f"contrib.slim.nets.{name}",)
        for name in ("alexnet", "inception", "overfeat", "resnet_utils", "resnet_v1", "resnet_v2", "vgg")
    },
    **{
        f"contrib.slim.{folder}nets.inception_v{i}": (f".compat.contrib.nets.inception_v{i}",)
        for folder in ("", "python.slim.")
        for i in (1, 2, 3)
    },
    "contrib.tensor_forest.python.tensor_forest": ("contrib.tensor_forest.tensor_forest",),
    "contrib.slim.python.slim.data.prefetch_queue": ("contrib.slim.prefetch_queue",),
    "examples.tutorials.mnist.input_data": (".compat.mnist",),
    "contrib.learn.python.learn.datasets.mnist": (".compat.mnist",),
}  # fmt: skip
# Paths that programs import at their top for something that is refused, when they use it (`absent.py` says why).
_REFUSED_WHEN_USED = ("contrib.memory_stats", "python.debug", "python.ops.resource_variable_ops")
_PACKAGES = {path.rsplit(".", n)[0] for path in _INNER for n in range(1, path.count(".") + 1)}


class MissingModule(ModuleNotFoundError):
    """A module of TensorFlow that has no counterpart here."""


def install_as_tensorflow() -> None:
    """Let `import tensorflow`, and the paths inside it that programs import from, give scopeflow in this process.

    Raises ImportError where the real TensorFlow is already imported, since the two would not know each other's graphs.
    To be called before the program that imports TensorFlow; a second call does nothing.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if "tensorflow" in sys.modules:
        raise ImportError(
            "TensorFlow itself is already imported in this process; call scopeflow.install_as_tensorflow() before "
            "anything imports tensorflow"
        )
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder, Loader):
    """Finds `tensorflow` and all that is inside it, and nothing else."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] != "tensorflow":
            return None
        sources_of(fullname)
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return make_module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It is filled already."""


def make_module(fullname: str) -> ModuleType:
    """The module that stands for a path of TensorFlow's: it has the names of its sources and asks them for others."""
    sources = sources_of(fullname)
    doc = next((source.__doc__ for source in sources), None)
    module = ModuleType(fullname, doc)

    def find(name: str) -> Any:
        for source in sources[:-1]:
            if hasattr(source, name):
                return getattr(source, name)
        path = _path_in_tensorflow(fullname)
        if name.startswith("__") or not (sources or path in _REFUSED_WHEN_USED):
            raise AttributeError(f"module {fullname!r} has no attribute {name!r}")
        return _part(sources, path, name)

    for source in reversed(sources):
        vars(module).update({name: value for name, value in vars(source).items() if not name.startswith("_")})
    if sources and sources[0] is sys.modules[_HOME]:
        vars(module).pop("compat", None)  # found below, as `tensorflow.compat`, with its own inner paths
        vars(module).update(__version__=VERSION, VERSION=VERSION)
    vars(module)["__getattr__"] = find
    return module


def _part(sources: Sequence[ModuleType], path: str, name: str) -> Any:
    """A name of the last source. Raises AttributeError, which says what is nearest, in a namespace's own words."""
    if sources and (hasattr(sources[-1], name) or hasattr(sources[-1], "__getattr__")):
        return getattr(sources[-1], name)
    return missing(sys.modules[_HOME], f"tf.{path}", name, module=sources[-1] if sources else None)


def _path_in_tensorflow(fullname: str) -> str:
    """What follows `tensorflow.`, by which name of its root it may be called."""
    path = fullname.partition(".")[2]
    for later in ("compat.v1", "_api.v1"):
        if path == later or path.startswith(later + "."):
            path = path[len(later) + 1 :]
    return path


def sources_of(fullname: str) -> Sequence[ModuleType]:
    """The modules here whose names a path of TensorFlow's has; none for a folder. Raises MissingModule."""
    path = _path_in_tensorflow(fullname)
    if path in _REFUSED_WHEN_USED:
        return []
    if path in _PACKAGES - _INNER.keys() - {"contrib", "contrib.framework", "contrib.layers", "contrib.rnn"}:
        folder = namespace(path)
        return [] if folder is None else [folder]
    found = [module for place in _INNER.get(path, (path,)) if (module := namespace(place)) is not None]
    if not found:
        raise MissingModule(_advice(fullname, path), name=None if _asked_by_from() else fullname)
    return found


def _asked_by_from() -> bool:
    """Whether `from a import b` looks for the module: it would hide the text of an error that names it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename in (__file__, "<frozen importlib._bootstrap>"):
        if frame.f_code.co_name == "_handle_fromlist":
            return True
        frame = frame.f_back
    return False


def _advice(fullname: str, path: str) -> str:
    """What to say of a path that is not here: what its parent says of the name, or where to look."""
    parent, _, name = path.rpartition(".")
    try:
        outer = sources_of(f"tensorflow.{parent}".rstrip("."))
        if outer or parent in _REFUSED_WHEN_USED:
            _part(outer, parent, name)
    except (AttributeError, MissingModule) as error:
        return str(error)
    said = f"scopeflow has no module for {fullname}"
    return "; ".join(filter(None, (said, instead_of(path), f"{PAGE} lists what is there")))


def namespace(place: str) -> ModuleType | None:
    """The module at a place (see `_INNER`); None if there is none."""
    root = sys.modules[_HOME]
    if place.startswith("."):
        return importlib.import_module(place, _HOME) if importlib.util.find_spec(place, _HOME) else None
    found: Any = root
    for name in filter(None, place.split(".")):
        found = getattr(found, name, None)
        if not isinstance(found, ModuleType):
            return None
    return found
