"""What arrays free is kept for the next ones."""

import os
import platform
import subprocess
import sys

PROGRAM = """
import resource
import numpy as np
import scopeflow as tf

session = tf.Session()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(1 << 18, np.float32)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def faults(**settings):
    """Pages asked for while 50 arrays of 256 pages come and go."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment | settings, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_arrays_that_come_and_go_take_the_same_pages_again_unless_the_user_has_set_it_otherwise():
    if platform.libc_ver()[0] == "glibc":
        assert faults() < 256
        assert faults(MALLOC_MMAP_THRESHOLD_="65536") > 49 * 256
