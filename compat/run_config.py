"""RunConfig: how an estimator trains, saves and tells of it."""

from __future__ import annotations

import copy
from typing import Any

from ..engine.session import ConfigProto
from ..train.monitored import USE_DEFAULT

_SECS = 600  # between checkpoints, where nothing is said


class RunConfig:
    """How an estimator trains: `tf.estimator.RunConfig`.

    Args:
        model_dir: where checkpoints and summaries go.
        tf_random_seed: the graph's seed.
        save_summary_steps: every how many steps summaries are written; 0 or None: never.
        save_checkpoints_steps, save_checkpoints_secs: when a checkpoint is written, by default every 600 seconds; both
            None: never.
        session_config: the ConfigProto of its sessions.
        keep_checkpoint_max, keep_checkpoint_every_n_hours: as `tf.train.Saver` has them.
        log_step_count_steps: every how many steps the loss and the speed are told.

    Raises ValueError for both ways to say when to save, and NotImplementedError for what needs several processes.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = USE_DEFAULT,
        save_checkpoints_secs: Any = USE_DEFAULT,
        session_config: ConfigProto | None = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Any = None,
        protocol: Any = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: Any = None,
        session_creation_timeout_secs: float = 7200,
    ) -> None:
        refuse(
            train_distribute=train_distribute, device_fn=device_fn, protocol=protocol, eval_distribute=eval_distribute,
            experimental_distribute=experimental_distribute,
            experimental_max_worker_delay_secs=experimental_max_worker_delay_secs,
        )  # fmt: skip
        steps, secs = (
            None if value is USE_DEFAULT else value for value in (save_checkpoints_steps, save_checkpoints_secs)
        )
        if steps is not None and secs is not None:
            raise ValueError(
                "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set. Received: "
                f"save_checkpoints_steps={steps}, save_checkpoints_secs={secs}"
            )
        if save_checkpoints_steps is save_checkpoints_secs is USE_DEFAULT:
            secs = _SECS
        for name, value in (("save_checkpoints_steps", steps), ("save_checkpoints_secs", secs)):
            if value is not None and value < 0:
                raise ValueError(f"{name} should be >= 0, not {value}")
        self.model_dir, self.tf_random_seed, self.session_config = model_dir, tf_random_seed, session_config
        self.save_summary_steps, self.log_step_count_steps = save_summary_steps, log_step_count_steps
        self.save_checkpoints_steps, self.save_checkpoints_secs = steps, secs
        self.keep_checkpoint_max = keep_checkpoint_max
        self.keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self.session_creation_timeout_secs = session_creation_timeout_secs

    def replace(self, **fields: Any) -> RunConfig:
        """A copy with other values of some fields. ValueError for a field that it has not."""
        made = copy.copy(self)
        if {"save_checkpoints_steps", "save_checkpoints_secs"} & fields.keys():
            made.save_checkpoints_steps = made.save_checkpoints_secs = None
        for name, value in fields.items():
            if name not in vars(self):
                raise ValueError(f"Replacing {name} is not supported. Fields are {sorted(vars(self))}.")
            setattr(made, name, value)
        return made


def refuse(**arguments: Any) -> None:
    """Raises NotImplementedError for any that is not None."""
    for name, value in arguments.items():
        if value is not None:
            raise NotImplementedError(f"{name}: an estimator runs in one process, on the session's own devices")


__all__ = ["RunConfig"]
