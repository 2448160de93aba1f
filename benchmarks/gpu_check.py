"""Runs the tests marked gpu and the benchmarks on this machine's GPU, and writes a dated result. Run: make gpu-check"""

import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from scopeflow.kernels.diagnose import find_driver

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PYTEST = str(Path(sys.executable).with_name("pytest"))
STEPS = (
    ("commit", ["git", "describe", "--always", "--dirty"]),
    ("doctor", [sys.executable, "-m", "scopeflow", "doctor"]),
    ("tests marked gpu", [PYTEST, "-rs", "-m", "gpu", "tests"]),
    ("benchmarks", [PYTEST, "--confcutdir=benchmarks", "benchmarks"]),
    ("random fills", [sys.executable, "benchmarks/bench_fills.py"]),  # these two write files of their own
    ("dense kernels", [sys.executable, "benchmarks/bench_dense.py"]),
)


def main():
    driver = find_driver()
    if driver is None:
        print("gpu-check: no NVIDIA GPU answers here; nothing was run", file=sys.stderr)
        return 2
    now = datetime.now(timezone.utc)
    report, failed = [f"# GPU check of {now:%Y-%m-%d %H:%M} UTC on {', '.join(driver.gpus)}"], []
    for title, command in STEPS:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout)
        # Where the clone lies says nothing about the GPU.
        report.append(f"## {title}: exit status {done.returncode}\n\n{done.stdout.replace(str(ROOT), '.')}")
        if done.returncode:
            failed.append(title)
    report.append(f"failed: {', '.join(failed)}" if failed else "all passed")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y-%m-%d}-{re.sub(r'[^a-z0-9]+', '-', driver.gpus[0].lower())}.txt"
    path.write_text("\n\n".join(report) + "\n")
    print(f"wrote {path.relative_to(ROOT)}; {report[-1]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
