"""The beat of a process: everything that gathers text does its part at the same moments.

Text that waits for two beats of their own, where it is read and where it is stored, comes twice as late; and a process
that wakes up once for two hundred answers has more time for them than one that wakes up two hundred times.
"""

from time import monotonic

from chatapp import config


def until_next() -> float:
    """Seconds until the next beat, at most `MERGE_INTERVAL`."""
    interval = config.current().merge_interval
    return interval - monotonic() % interval if interval else 0.0
