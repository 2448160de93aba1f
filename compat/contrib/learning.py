"""slim.learning: a training operation that yields the loss, and a loop that runs it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...engine.build import constant
from ...engine.errors import OutOfRangeError
from ...engine.graph import Tensor, control_dependencies, get_collection, get_default_graph
from ...engine.indexed_slices import IndexedSlices
from ...engine.ops import basic, math
from ...engine.ops.clip import clip_by_norm, global_norm
from ...engine.ops.effects import with_dependencies
from ...scopes.keys import GraphKeys
from ...scopes.variables import trainable_variables
from ...train.optimizer import Optimizer
from ...train.saver import Saver
from ...train.steps import get_or_create_global_step
from ...train.summary import histogram, scalar
from ...train.supervisor import Supervisor

_log = logging.getLogger("scopeflow")
Pairs = list[tuple[Any, Any]]
_USE_GLOBAL_STEP = _USE_DEFAULT = 0  # TensorFlow's mark for "the graph's own", as None means "none"


def clip_gradient_norms(gradients_to_variables: Pairs, max_norm: float) -> Pairs:
    """Each gradient on its own scaled down to a norm of `max_norm`."""

    def clipped(gradient: Any) -> Any:
        if isinstance(gradient, IndexedSlices):
            values = clip_by_norm(gradient.values, max_norm)
            return IndexedSlices(values, gradient.indices, gradient.dense_shape)
        return None if gradient is None else clip_by_norm(gradient, max_norm)

    return [(clipped(gradient), variable) for gradient, variable in gradients_to_variables]


def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: Mapping[Any, Any]) -> Pairs:
    """Gradients times the factor of their variable, or of its name, where it has one.

    Raises ValueError for a variable that has a factor and no gradient, and for something other than pairs and a dict.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")

    def multiplied(gradient: Any, variable: Any) -> Any:
        key = variable if variable in gradient_multipliers else variable.op.name
        if key not in gradient_multipliers:
            return gradient
        if gradient is None:
            raise ValueError("Requested multiple of `None` gradient.")
        factor = basic.cast(gradient_multipliers[key], gradient.dtype)
        if isinstance(gradient, IndexedSlices):
            return IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
        return gradient * factor

    return [(multiplied(gradient, variable), variable) for gradient, variable in grads_and_vars]


def add_gradients_summaries(grads_and_vars: Pairs) -> list[Tensor]:
    """A histogram "VARIABLE/gradient" and a norm "VARIABLE/gradient_norm" of each gradient: the summaries."""
    summaries = []
    for gradient, variable in grads_and_vars:
        if gradient is None:
            _log.info("Var %s has no gradient", variable.op.name)
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        summaries.append(histogram(f"{variable.op.name}/gradient", values))
        summaries.append(scalar(f"{variable.op.name}/gradient_norm", global_norm([values])))
    return summaries


def create_train_op(
    total_loss: Any,
    optimizer: Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Sequence[Any] | None = None,
    variables_to_train: Sequence[Any] | None = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Mapping[Any, Any] | None = None,
    check_numerics: bool = True,
) -> Tensor:
    """The loss, whose evaluation runs the updates (by default those in UPDATE_OPS), trains a step and counts it.

    `global_step` is by default the graph's, made where there is none; None counts nothing. Gradients are cut to
    `clip_gradient_norm` each, where it is above 0, after `gradient_multipliers`. `check_numerics` lets the run fail for
    a loss that is infinite or NaN. The result joins TRAIN_OP.
    """
    step = get_or_create_global_step() if global_step is _USE_GLOBAL_STEP else global_step
    updates = list(dict.fromkeys(get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops))
    if updates:
        with control_dependencies(updates):
            total_loss = basic.identity(total_loss)
    pairs = optimizer.compute_gradients(
        total_loss,
        trainable_variables() if variables_to_train is None else variables_to_train,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if gradient_multipliers:
        pairs = multiply_gradients(pairs, gradient_multipliers)
    if clip_gradient_norm > 0:
        pairs = clip_gradient_norms(pairs, clip_gradient_norm)
    if summarize_gradients:
        with get_default_graph().name_scope("summarize_grads"):
            add_gradients_summaries(pairs)
    trained = optimizer.apply_gradients(pairs, global_step=step)
    graph = get_default_graph()
    with graph.name_scope("train_op"):
        if check_numerics:
            total_loss = math.check_numerics(total_loss, "LossTensor is inf or nan")
        train_op = with_dependencies([trained], total_loss)
    if all(train_op is not known for known in graph.get_collection_ref(GraphKeys.TRAIN_OP)):
        graph.add_to_collection(GraphKeys.TRAIN_OP, train_op)
    return train_op


def train_step(sess: Any, train_op: Any, global_step: Any, train_step_kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """(The loss of one step, whether to stop): what `train` calls by default.

    `train_step_kwargs` may have boolean tensors "should_stop" and "should_log".
    """
    start = time.monotonic()
    loss, step = sess.run([train_op, global_step])
    elapsed = time.monotonic() - start
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        _log.info("global step %d: loss = %.4f (%.3f sec/step)", step, loss, elapsed)
    return loss, sess.run(train_step_kwargs["should_stop"]) if "should_stop" in train_step_kwargs else False


def train(
    train_op: Any,
    logdir: str | None,
    train_step_fn: Callable[..., tuple[Any, Any]] = train_step,
    train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1,
    graph: Any = None,
    master: str = "",
    is_chief: bool = True,
    global_step: Any = None,
    number_of_steps: int | None = None,
    init_op: Any = _USE_DEFAULT,
    init_feed_dict: Mapping[Any, Any] | None = None,
    local_init_op: Any = _USE_DEFAULT,
    init_fn: Callable[[Any], Any] | None = None,
    ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0,
    saver: Saver | None = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: Any = None,
    session_wrapper: Callable[[Any], Any] | None = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Run steps of training under a Supervisor until `number_of_steps`, or the end of the input; gives the last loss.

    With a `logdir`, it resumes from the newest checkpoint there, saves every `save_interval_secs` and at the end, and
    writes summaries every `save_summaries_secs`. `init_fn(session)` follows `init_op` where there is no checkpoint.
    `train_step_fn(session, train_op, global_step, train_step_kwargs)` gives (loss, whether to stop). The graph is
    read-only afterwards. Raises ValueError for what cannot be without a `logdir` and a number of steps that is not
    positive, NotImplementedError for several processes and traces.
    """
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if logdir is None:
        if summary_op is not _USE_DEFAULT:
            raise ValueError("Cannot provide summary_op because logdir=None")
        if saver is not None:
            raise ValueError("Cannot provide saver because logdir=None")
        if trace_every_n_steps is not None:
            raise ValueError("Cannot provide trace_every_n_steps because logdir=None")
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")
    if sync_optimizer is not None or not is_chief:
        raise NotImplementedError("slim.learning.train: scopeflow runs in one process, which is the chief")
    if trace_every_n_steps is not None:
        raise NotImplementedError("slim.learning.train: traces are not offered; use a profiler of Python or CUDA")
    graph = graph or get_default_graph()
    with graph.as_default():
        step = get_or_create_global_step() if global_step is None else global_step
        kwargs = _step_arguments(step, number_of_steps, log_every_n_steps)
        if train_step_kwargs is not _USE_DEFAULT:
            kwargs = train_step_kwargs
        given = {"init_op": init_op, "local_init_op": local_init_op, "ready_op": ready_op, "summary_op": summary_op,
                 "summary_writer": summary_writer}  # fmt: skip
        supervisor = Supervisor(
            graph,
            logdir=logdir,
            init_feed_dict=init_feed_dict,
            saver=saver or Saver(),
            global_step=step,
            save_summaries_secs=save_summaries_secs,
            save_model_secs=save_interval_secs,
            init_fn=init_fn,
            **{name: value for name, value in given.items() if value is not _USE_DEFAULT},
        )
    if supervisor.summary_writer is not None:
        kwargs["summary_writer"] = supervisor.summary_writer
    loss = None
    with supervisor.managed_session(master, session_config, start_standard_services=False) as session:
        _log.info("Starting Session.")
        if session_wrapper is not None:
            session = session_wrapper(session)
        if logdir:
            supervisor.start_standard_services(session)
        try:
            while not supervisor.should_stop():
                loss, stops = train_step_fn(session, train_op, step, kwargs)
                if stops:
                    _log.info("Stopping Training.")
                    supervisor.request_stop()
        except OutOfRangeError as error:
            _log.info("Caught OutOfRangeError. Stopping Training. %s", error)
        if logdir:
            _log.info("Finished training! Saving model to disk.")
            assert supervisor.saver is not None and supervisor.save_path is not None
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
            supervisor.stop(close_summary_writer=False, ignore_live_threads=ignore_live_threads)
    return loss


def _step_arguments(step: Any, number_of_steps: int | None, log_every_n_steps: int) -> dict[str, Any]:
    """The tensors that say to `train_step` whether to stop and to log."""
    with get_default_graph().name_scope("train_step"):
        enough = constant(False) if number_of_steps is None else math.greater_equal(step, number_of_steps)
        arguments = {"should_stop": enough}
        if log_every_n_steps > 0:
            arguments["should_log"] = math.equal(math.floormod(step, log_every_n_steps), 0)
    return arguments


__all__ = [
    "add_gradients_summaries", "clip_gradient_norms", "create_train_op", "multiply_gradients", "train", "train_step",
]  # fmt: skip
