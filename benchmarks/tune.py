"""Measures every tile and split of the dense CUDA kernels on this machine's GPU and keeps the fastest. Run: make tune

For each shape of the list, the fastest choice goes into kernels/cuda/tiles.json, for what was measured before on the
same architecture. A choice is taken only where it beats the estimate's by more than the noise; so is cuBLAS.
"""

import functools
import json
import sys
from contextlib import contextmanager

from dense_problems import DTYPES, KINDS, PROBLEMS, case_of, gpu_clock

from scopeflow.kernels.cuda import dispatch

GAIN = 1.02  # how many times faster than the estimate's choice another must be
HOPELESS = 4  # times the least estimated cost


@contextmanager
def choosing(choice, requests=None):
    """The dispatch table's choice replaced by another; what is asked goes into `requests`."""
    table = dispatch.choose

    def choose(request):
        if requests is not None:
            requests.append(request)
        return choice or table(request)

    dispatch.choose = choose
    try:
        yield
    finally:
        dispatch.choose = table


def candidates(request):
    """The choices that there are for a product, without those that the estimate finds hopeless."""
    rule, least = dispatch.rule_for(request), dispatch.cost(request, dispatch.estimated(request))
    for tile in rule.tiles.values():
        for splits in dispatch.possible_splits(request):
            choice = dispatch.Choice("scopeflow", rule.source, rule.arithmetic, tile, splits)
            if dispatch.cost(request, choice) <= HOPELESS * least:
                yield choice
    if request.function == "matmul" and request.precision == "highest":
        yield dispatch.estimated(request)._replace(algorithm="cublas")


def fastest(call, clock):
    """(request, best choice, its seconds, seconds of the estimate's choice) of a call."""

    def seconds(call):
        return clock([call])[0]

    requests = []
    with choosing(None, requests):
        call()
    best = dispatch.estimated(requests[0])
    with choosing(best):
        least = expected = seconds(call)
    for choice in candidates(requests[0]):
        with choosing(choice):
            taken = seconds(call)
        if taken * (GAIN if best == dispatch.estimated(requests[0]) else 1) < least:
            best, least = choice, taken
    return requests[0], best, least, expected


def record_of(request, choice):
    """A record of tiles.json."""
    rule = dispatch.rule_for(request)
    return {
        "function": request.function,
        "dtype": request.dtype,
        "precision": request.precision,
        "architecture": request.architecture,
        "shape": [request.rows, request.columns, request.depth],
        "algorithm": choice.algorithm,
        "tile": next(name for name, tile in rule.tiles.items() if tile == choice.tile),
        "splits": choice.splits,
    }


def tune(problems, kinds, launcher, xp, clock, report=print):
    """The records of the fastest choices."""
    records = []
    for problem in problems:
        for dtype, precision in kinds:
            case = case_of(problem, DTYPES[dtype], xp)
            call = functools.partial(case.call, launcher, precision=precision)
            request, choice, least, expected = fastest(call, clock)
            records.append(record_of(request, choice))
            rate = 2e-12 * case.products / least
            said = f"{choice.algorithm} {records[-1]['tile']} / {choice.splits}"
            report(
                f"{problem} {dtype} {precision}: {said}, {rate:.1f} TFLOP/s, {expected / least:.2f} x the estimate's"
            )
    return records


def main():
    try:
        import cupy

        from scopeflow.kernels.cuda.launching import default_launcher

        launcher = default_launcher()
    except Exception as error:  # whatever CuPy raises without a device
        print(f"tune: no CUDA device answers ({type(error).__name__}: {error}); nothing was measured", file=sys.stderr)
        return 2
    fresh = tune(PROBLEMS, KINDS, launcher, cupy, gpu_clock(cupy))
    kept = [
        record
        for record in json.loads(dispatch.MEASUREMENTS.read_text())["measured"]
        if record["architecture"] != launcher.architecture
    ]
    lines = ",\n    ".join(json.dumps(record) for record in (*kept, *fresh))
    dispatch.MEASUREMENTS.write_text('{\n  "measured": [\n    ' + lines + "\n  ]\n}\n")
    print(f"wrote {len(fresh)} records of sm_{launcher.architecture} into {dispatch.MEASUREMENTS.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
