"""What TensorFlow 1 has and scopeflow has not, on purpose, and what to use instead."""

_PARALLEL = (
    "scopeflow runs in one process: for several GPUs use data parallelism, one process for each GPU, which reads its "
    "share of the data and averages gradients with the others (NCCL, MPI)"
)

_LOOP = "write the training loop with a Session"
_TREES = "for other trees use scikit-learn, XGBoost or LightGBM"

_SUMS = "add gradients up in variables (assign_add), and apply and clear them when there are enough"

# The full name without `tf.`, or the start of it: the sentence that its error ends with.
INSTEAD = {
    "ConditionalAccumulator": _SUMS,
    "ConditionalAccumulatorBase": _SUMS,
    "SparseConditionalAccumulator": _SUMS,
    "compat.v2": "only TensorFlow 1's names are here",
    "config.experimental": "devices are chosen by CUDA_VISIBLE_DEVICES and tf.device",
    "contrib.distribute": _PARALLEL,
    "contrib.estimator": _LOOP,
    "contrib.keras": "use tf.layers",
    "contrib.memory_stats": "cupy.get_default_memory_pool() says how much memory is in use",
    "contrib.nccl": _PARALLEL,
    "contrib.tpu": "there are no TPUs here; train with a Session",
    "distribute": _PARALLEL,
    "eager": "everything is built as a graph and run in a Session",
    "enable_eager_execution": "everything is built as a graph and run in a Session",
    "enable_resource_variables": "variables are references, as TensorFlow 1's are by default: what is read of one "
    "before an update and used after it is the updated value; where no tensor is used so, leave the call out",
    "enable_v2_behavior": "TensorFlow 1's behaviour is all there is",
    "function": "everything is a graph already: call the Python function itself",
    "keras": "use tf.layers",
    "lite": "convert a checkpoint where TensorFlow is",
    "python.debug": "look at values with tf.Print, tf.check_numerics or further fetches of Session.run",
    "python.ops.nccl_ops": _PARALLEL,
    "python.ops.resource_variable_ops": "variables are references, as TensorFlow 1's are by default",
    "profiler": "measure with a profiler of Python or CUDA (cProfile, nsys)",
    "saved_model": "use tf.train.Saver, whose checkpoints TensorFlow reads",
    "test.create_local_cluster": _PARALLEL,
    "tpu": "there are no TPUs here",
    "train.ProfilerHook": "measure with a profiler of Python or CUDA (cProfile, nsys)",
    "train.Server": _PARALLEL,
    "train.SyncReplicasOptimizer": _PARALLEL,
    "train.WorkerSessionCreator": _PARALLEL,
    "xla": "kernels are compiled as they are; there is nothing to turn on",
}

# Namespaces of which only a part is here: what that is, and what to use instead of the rest.
IN_PART = {
    "contrib.boosted_trees": f"GradientBoostedDecisionTreeClassifier and learner_pb2 are there; {_TREES}",
    "contrib.eager": "what asks whether anything runs eagerly is there; everything is built as a graph and run in a "
    "Session",
    "contrib.graph_editor": "two walks over a graph are there; build another graph, or import a GraphDef with "
    "tf.import_graph_def(…, input_map=…)",
    "contrib.learn": f"RunConfig is there, for GradientBoostedDecisionTreeClassifier; {_LOOP}",
    "contrib.tensor_forest": f"tensor_forest.ForestHParams and RandomForestGraphs are there; {_TREES}",
    "estimator": "RunConfig, ModeKeys, the hooks and inputs.numpy_input_fn are there, for libraries and for "
    f"GradientBoostedDecisionTreeClassifier; {_LOOP}",
}


def instead_of(name: str) -> str:
    """What to use instead of a name that is not here on purpose; empty if nothing is known of it."""
    while name:
        if name in INSTEAD or name in IN_PART:
            return INSTEAD.get(name) or IN_PART[name]
        name = name.rpartition(".")[0]
    return ""
