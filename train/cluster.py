"""`tf.train.ClusterSpec`: which tasks a cluster has, as data. There is no Server here that would be one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClusterSpec:
    """The jobs of a cluster: for each a list of addresses ("host:port"), or a dict of them by the task's number.

    Raises TypeError for other things. Programs print it and ask for the number of tasks; nothing here connects to any.
    """

    def __init__(self, cluster: Any) -> None:
        if isinstance(cluster, ClusterSpec):
            cluster = cluster.as_dict()
        if not isinstance(cluster, Mapping):
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network addresses, or a "
                "`ClusterDef` protocol buffer"
            )
        self._jobs = {name: _tasks(name, tasks) for name, tasks in cluster.items()}

    jobs = property(lambda self: list(self._jobs))

    def as_dict(self) -> dict[str, Any]:
        """{job: the list of its addresses, or a dict of them where numbers are left out}."""
        return {
            name: [*tasks.values()] if list(tasks) == list(range(len(tasks))) else dict(tasks)
            for name, tasks in self._jobs.items()
        }

    def num_tasks(self, job_name: str) -> int:
        return len(self._tasks_of(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        return list(self._tasks_of(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """Raises ValueError for a job or task that is not there."""
        tasks = self._tasks_of(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks in order, None for a number that is left out."""
        tasks = self._tasks_of(job_name)
        return [tasks.get(index) for index in range(max(tasks, default=-1) + 1)]

    def _tasks_of(self, job_name: str) -> dict[int, str]:
        if job_name not in self._jobs:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._jobs[job_name]

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._jobs == other._jobs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ClusterSpec({', '.join(f'{name!r}: {tasks!r}' for name, tasks in sorted(self.as_dict().items()))})"


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Any = None,
    ps_strategy: Any = None,
) -> None:
    """None, by which `tf.device` changes nothing: what TensorFlow gives where there are no parameter servers.

    Raises NotImplementedError where there are some.
    """
    if cluster is not None:
        job = ps_device.lstrip("/").removeprefix("job:").partition("/")[0]
        ps_tasks = len(ClusterSpec(cluster).as_dict().get(job, ()))
    if ps_tasks:
        raise NotImplementedError(
            "There are no parameter servers here, as everything runs in one process: for several GPUs use data "
            "parallelism, one process for each GPU"
        )


def _tasks(job: str, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, (list, tuple)):
        tasks = dict(enumerate(tasks))
    if not isinstance(tasks, Mapping):
        raise TypeError(f"The tasks for job {job!r} must be a list or a dictionary from integers to strings.")
    for index, address in tasks.items():
        if not isinstance(index, int) or not isinstance(address, (str, bytes)):
            raise TypeError(f"Task {index!r} of job {job!r}: addresses are strings by number, not {address!r}")
    return {
        index: address.decode() if isinstance(address, bytes) else address for index, address in sorted(tasks.items())
    }
