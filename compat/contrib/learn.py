"""tf.contrib.learn: what the estimator of boosted trees takes. There are no other estimators here."""

from __future__ import annotations

from typing import Any

from ...engine.session import ConfigProto, GPUOptions
from ...train.monitored import USE_DEFAULT
from .. import estimator, run_config
from ..run_config import refuse


class RunConfig(run_config.RunConfig):
    """`tf.estimator.RunConfig` with the arguments that it had first: devices before all else."""

    def __init__(
        self,
        master: str | None = None,
        num_cores: int = 0,
        log_device_placement: bool = False,
        gpu_memory_fraction: float = 1.0,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_secs: Any = USE_DEFAULT,
        save_checkpoints_steps: int | None = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        protocol: Any = None,
        evaluation_master: str = "",
        model_dir: str | None = None,
        session_config: ConfigProto | None = None,
        session_creation_timeout_secs: float = 7200,
    ) -> None:
        refuse(master=master or None, evaluation_master=evaluation_master or None)
        steps = USE_DEFAULT if save_checkpoints_steps is None else save_checkpoints_steps
        super().__init__(
            model_dir, tf_random_seed, save_summary_steps, steps, save_checkpoints_secs,
            session_config or ConfigProto(
                log_device_placement=log_device_placement, inter_op_parallelism_threads=num_cores,
                intra_op_parallelism_threads=num_cores,
                gpu_options=GPUOptions(per_process_gpu_memory_fraction=gpu_memory_fraction),
            ),
            keep_checkpoint_max, keep_checkpoint_every_n_hours, log_step_count_steps, protocol=protocol,
            session_creation_timeout_secs=session_creation_timeout_secs,
        )  # fmt: skip


class ModeKeys:
    """`tf.estimator.ModeKeys` as it was called first."""

    TRAIN = estimator.ModeKeys.TRAIN
    EVAL = estimator.ModeKeys.EVAL
    INFER = estimator.ModeKeys.PREDICT


__all__ = ["ModeKeys", "RunConfig"]
