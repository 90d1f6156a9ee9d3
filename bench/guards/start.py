"""What the guards cost a fresh process: `python -m bench.guards.start`.

Processor time and memory up to the first verdict. The package is entered without the rest of the product, whose own
imports are no cost of the guards; settings and values, which all of it needs, are there before.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
RUNS = 9
# A product that is installed is compiled; without that each process compiles it anew.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
STEPS = ("settings", "numpy", "import chatapp.guards", "first verdict", "first text with a number and a token")
PROCESS = """
import sys, types
from time import process_time
package = types.ModuleType("chatapp")
package.__path__ = ["chatapp"]
sys.modules["chatapp"] = package

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

marks = []
def mark():
    marks.append((process_time(), resident()))

mark()
import chatapp.config, chatapp.values
mark()
import os; os.environ.setdefault("OPENBLAS_NUM_THREADS", "1"); import numpy
mark()
import chatapp.guards
mark()
chatapp.guards.check("warm up")
mark()
chatapp.guards.check("Call +372 5128 5644, the key is ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6")
mark()
for before, after in zip(marks, marks[1:]):
    print((after[0] - before[0]) * 1e3, after[1] - before[1])
"""


def measured() -> list[tuple[float, float]]:
    """Milliseconds and megabytes of each step, in one process."""
    output = subprocess.check_output([sys.executable, "-c", PROCESS], cwd=ROOT, env=ENVIRONMENT, text=True)
    return [(float(time), float(size)) for time, size in map(str.split, output.splitlines())]


def main() -> None:
    measured()  # compiles what was changed
    runs = [measured() for _ in range(RUNS)]
    print("| step | ms, fastest | ms, median | MB |\n|---|---:|---:|---:|")
    for step, cells in zip(STEPS, zip(*runs, strict=True), strict=True):
        times = [time for time, _ in cells]
        print(f"| {step} | {min(times):.0f} | {median(times):.0f} | {median(size for _, size in cells):.1f} |")
    whole = [(sum(time for time, _ in run[1:4]), sum(size for _, size in run[1:4])) for run in runs]
    times = [time for time, _ in whole]
    size = median(size for _, size in whole)
    print(f"| **from numpy to the first verdict** | **{min(times):.0f}** | **{median(times):.0f}** | **{size:.1f}** |")


if __name__ == "__main__":
    main()
