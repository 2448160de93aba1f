"""The command line: ``python -m scopeflow COMMAND``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .compat import program_check, running
from .train import inspect

if TYPE_CHECKING:
    from rich.table import Table

    from .kernels.diagnose import Driver


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser(prog="scopeflow", description="Named, shared variables and fast kernels.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = commands.add_parser("doctor", help="show devices, libraries and whether the kernels hold")
    command.set_defaults(run=doctor)
    command = commands.add_parser("inspect", help="show what is in a checkpoint, compare two, or rename what is in one")
    inspect.add_arguments(command)
    command.set_defaults(run=inspect.run)
    command = commands.add_parser("run", help="run a TensorFlow 1 program as it is, on scopeflow")
    running.add_arguments(command)
    command.set_defaults(run=running.run)
    command = commands.add_parser("check", help="list the names of TensorFlow that programs use and scopeflow lacks")
    program_check.add_arguments(command)
    command.set_defaults(run=program_check.run)
    arguments = parser.parse_args(argv)
    return arguments.run(arguments)


def doctor(arguments: argparse.Namespace) -> int:
    """Print what the kernels run on and check each of them; 1 if one of them is wrong."""
    from rich.console import Console

    from .kernels import backend, diagnose, selfcheck

    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log file has no width of its own
    devices = backend.list_devices()
    driver = diagnose.find_driver()
    versions = diagnose.library_versions()

    rows = _device_rows(devices, diagnose.cpu_description(), driver)
    console.print(_table("devices", ("device", "what it is"), rows))
    rows = [(library, version or "not installed") for library, version in versions.items()]
    console.print(_table("libraries", ("library", "version"), rows))
    failures = 0
    for device in devices:
        checks = selfcheck.run_self_checks(backend.get_backend(device))
        failures += sum(not ok for _, _, ok, _ in checks)
        verdicts = [(kernel, used, "holds" if ok else "FAILS", detail) for kernel, used, ok, detail in checks]
        console.print(_table(f"kernels on {device}", ("kernel", "in use", "self-check", "detail"), verdicts))

    advice = diagnose.cuda_advice(driver, versions, devices)
    print(f"CUDA: {advice or 'in use'}")
    print(f"self-checks: {f'{failures} FAILED' if failures else 'all hold'}")
    return 1 if failures else 0


def _device_rows(devices: list[str], cpu: str, driver: Driver | None) -> list[tuple[str, str]]:
    """A row for each device of ours, and for each GPU that the driver has and we cannot use."""
    gpus = [] if driver is None else [f"{name}, driver {driver.version}" for name in driver.gpus]
    usable = [device for device in devices if "GPU" in device]
    rows = [(device, cpu) for device in devices if "GPU" not in device]
    rows += [(usable[i] if i < len(usable) else "not in use", gpu) for i, gpu in enumerate(gpus)]
    return rows


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")  # a narrow terminal folds what a pasted report must not lack
    for row in rows:
        table.add_row(*map(Text, row))  # Text: brackets are no markup
    return table


if __name__ == "__main__":
    sys.exit(main())
