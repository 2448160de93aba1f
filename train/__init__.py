"""Floor 6, `tf.train`: optimizers, learning-rate decays, checkpoints, summaries, monitored sessions."""

from ..data.example import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)
from .averages import ExponentialMovingAverage, assign_moving_average
from .checkpoint.state import (
    CheckpointState,
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    remove_checkpoint,
    update_checkpoint_state,
)
from .cluster import ClusterSpec, replica_device_setter
from .coordinator import Coordinator, LooperThread
from .decay import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    linear_cosine_decay,
    natural_exp_decay,
    piecewise_constant,
    piecewise_constant_decay,
    polynomial_decay,
)
from .hooks import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    FeedFnHook,
    FinalOpsHook,
    GlobalStepWaiterHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    SecondOrStepTimer,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
    StopAtStepHook,
    SummarySaverHook,
)
from .input import (
    batch,
    batch_join,
    input_producer,
    limit_epochs,
    match_filenames_once,
    maybe_batch,
    maybe_batch_join,
    maybe_shuffle_batch,
    maybe_shuffle_batch_join,
    range_input_producer,
    shuffle_batch,
    shuffle_batch_join,
    slice_input_producer,
    string_input_producer,
)
from .meta_graph import write_graph
from .monitored import MonitoredSession, MonitoredTrainingSession, SingularMonitoredSession
from .optimizer import Optimizer
from .optimizers import (
    AdadeltaOptimizer,
    AdagradDAOptimizer,
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    ProximalAdagradOptimizer,
    ProximalGradientDescentOptimizer,
    RMSPropOptimizer,
)
from .queue_runner import QueueRunner, QueueRunnerDef, add_queue_runner, start_queue_runners
from .restoring import (
    NewCheckpointReader,
    init_from_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    warm_start,
)
from .saver import Saver, SaverDef, export_meta_graph, import_meta_graph
from .scaffold import ChiefSessionCreator, Scaffold, SessionCreator, SessionManager
from .steps import (
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    global_step,
)
from .summary.writer import FileWriter as SummaryWriter
from .summary.writer import FileWriterCache as SummaryWriterCache
from .summary.writer import summary_iterator
from .supervisor import Supervisor, basic_train_loop

__all__ = [
    "Optimizer", "GradientDescentOptimizer", "MomentumOptimizer", "AdagradOptimizer", "AdadeltaOptimizer",
    "RMSPropOptimizer", "AdamOptimizer", "FtrlOptimizer", "AdagradDAOptimizer", "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
    "global_step", "get_global_step", "create_global_step", "get_or_create_global_step", "assert_global_step",
    "exponential_decay", "natural_exp_decay", "inverse_time_decay", "polynomial_decay", "piecewise_constant",
    "piecewise_constant_decay", "cosine_decay", "cosine_decay_restarts", "linear_cosine_decay",
    "ExponentialMovingAverage", "assign_moving_average",
    "NewCheckpointReader", "load_checkpoint", "list_variables", "load_variable", "init_from_checkpoint", "warm_start",
    "Saver", "SaverDef", "export_meta_graph", "import_meta_graph", "write_graph",
    "CheckpointState", "latest_checkpoint", "checkpoint_exists", "get_checkpoint_state",
    "update_checkpoint_state", "generate_checkpoint_state_proto", "get_checkpoint_mtimes", "remove_checkpoint",
    "ClusterSpec", "Coordinator", "LooperThread", "Scaffold", "SessionManager", "SessionCreator", "ChiefSessionCreator",
    "MonitoredSession", "MonitoredTrainingSession", "SingularMonitoredSession",
    "SessionRunHook", "SessionRunArgs", "SessionRunContext", "SessionRunValues", "SecondOrStepTimer",
    "LoggingTensorHook", "StopAtStepHook", "CheckpointSaverHook", "CheckpointSaverListener", "StepCounterHook",
    "NanTensorHook", "NanLossDuringTrainingError", "SummarySaverHook", "GlobalStepWaiterHook", "FinalOpsHook",
    "FeedFnHook", "Supervisor", "basic_train_loop",
    "QueueRunner", "QueueRunnerDef", "add_queue_runner", "start_queue_runners", "queue_runner",
    "input_producer", "string_input_producer", "range_input_producer", "slice_input_producer", "limit_epochs",
    "match_filenames_once",
    "batch", "batch_join", "maybe_batch", "maybe_batch_join",
    "shuffle_batch", "shuffle_batch_join", "maybe_shuffle_batch", "maybe_shuffle_batch_join",
    "SummaryWriter", "SummaryWriterCache", "summary_iterator",
    "Example", "SequenceExample", "Features", "Feature", "FeatureLists", "FeatureList", "BytesList", "FloatList",
    "Int64List",
]  # fmt: skip
