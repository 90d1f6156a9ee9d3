"""numpy, told before it is imported not to keep threads for linear algebra, which nothing here uses.

Starting them takes as long as all the rest of the guards, in every worker.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

__all__ = ["NDArray", "np"]
