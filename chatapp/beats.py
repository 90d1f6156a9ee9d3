"""The beat of a process: everything that gathers text does its part at the same moments.

Text that waits for two beats of their own, where it is read and where it is stored, comes twice as late; and a process
that wakes up once for two hundred answers has more time for them than one that wakes up two hundred times.

A process with more to do than fits between two beats takes longer ones: what is gathered in fewer, larger portions
costs less, and a question that comes meanwhile is not asked to wait for all of them (docs/adr/0034-longer-beats.md).
"""

from time import monotonic

from chatapp import config

LENGTHS = (1, 2, 4)  # times the usual interval; each beat of a longer one is a beat of the shorter ones as well
SHARE = 4  # a beat is at least so many times as long as the time by which its work is late
WEIGHT = 0.1  # of one beat among those before it

_late = 0.0  # seconds, of late


def interval() -> float:
    """Seconds between two beats: `MERGE_INTERVAL`, or more where that is too short for the work of one."""
    usual = config.current().merge_interval
    return usual * next((times for times in LENGTHS if usual * times >= SHARE * _late), LENGTHS[-1])


def until_next() -> float:
    """Seconds until the next beat."""
    length = interval()
    return length - monotonic() % length if length else 0.0


def came(late: float) -> None:
    """Somebody who waited for a beat was so many seconds late: as long as others had work to do."""
    global _late
    _late += WEIGHT * (late - _late)
