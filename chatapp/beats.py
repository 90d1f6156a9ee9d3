"""The beat of a process: everything that gathers text does its part at the same moments.

Text that waits for two beats of their own, where it is read and where it is stored, comes twice as late; and a process
that wakes up once for two hundred answers has more time for them than one that wakes up two hundred times.

In a process with more to do than fits between two beats each answer is read at every second of them only, or at every
fourth: what is gathered in fewer, larger portions costs less. The answers take turns, so that who asks meanwhile need
not wait until all of them have been read (docs/adr/0034-longer-beats.md).
"""

from time import monotonic

from chatapp import config

ROUNDS = (1, 2, 4)  # beats from one portion of an answer to the next
# The part of a beat by which work is late, on the average: more is too much, and with less there is room.
MUCH, SETTLED, LITTLE = 0.5, 0.3, 0.15
WEIGHT = 0.1  # of one beat among those before it

_round = 0  # the place among ROUNDS
_late = 0.0  # seconds, of late


def beats_apart() -> int:
    """How many beats lie between two portions of an answer."""
    return ROUNDS[_round]


def interval() -> float:
    """Seconds between two portions of an answer: `MERGE_INTERVAL`, or more where the process is busy."""
    return config.current().merge_interval * beats_apart()


def until_next(after: float = 0.0) -> float:
    """Seconds until the next beat, or until so many seconds after one."""
    usual = config.current().merge_interval
    return usual - (monotonic() - after) % usual if usual else 0.0


def until_turn_of(number: int) -> float:
    """Seconds until the next beat at which the answer with this number is read."""
    usual, apart = config.current().merge_interval, beats_apart()
    return usual * apart - (monotonic() - usual * (number % apart)) % (usual * apart) if usual else 0.0


def came(late: float) -> None:
    """Somebody who waited for a beat was so many seconds late: so long others had work to do."""
    global _late, _round
    usual = config.current().merge_interval
    _late += WEIGHT * (late - _late)
    if _late > MUCH * usual and _round < len(ROUNDS) - 1:
        _round, _late = _round + 1, SETTLED * usual
    elif _late < LITTLE * usual and _round:
        _round, _late = _round - 1, SETTLED * usual
