"""The beat of a process: everything that gathers text does its part at the same moments.

Text that waits for two beats of their own, where it is read and where it is stored, comes twice as late; and a process
that wakes up once for two hundred answers has more time for them than one that wakes up two hundred times.

In a process with more to do than fits between two beats each answer is read at every second of them only, or at every
fourth: what is gathered in fewer, larger portions costs less. The answers take turns, so that who asks meanwhile need
not wait until all of them have been read (docs/adr/0034-longer-beats.md).
"""

import threading
from time import monotonic, sleep

from chatapp import config

ROUNDS = (1, 2, 4)  # beats from one portion of an answer to the next
# The part of a beat by which work is late, on the average: more is too much, and with less there is room.
MUCH, SETTLED, LITTLE = 0.5, 0.3, 0.15
WEIGHT = 0.1  # of one beat among those before it
TICK = 1.0  # seconds between looks of a conductor with nothing to do at whether it is still wanted

_round = 0  # the place among ROUNDS
_late = 0.0  # seconds, of late
_beat = 0  # those that were struck so far
_waiting: dict[threading.Lock, int] = {}  # what those who wait want to take, and the number of their answer
_somebody_waits = threading.Event()
_conductors: list[threading.Event] = []  # one a process; tests have several


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


def bell() -> threading.Lock:
    """For one who waits, again and again: a lock that he holds and tries to take, which whoever wakes him releases.

    A fifth of what an Event costs, and half of a new lock each time.
    """
    lock = threading.Lock()
    lock.acquire()
    return lock


def wait(number: int, news: threading.Lock) -> None:
    """Until the next beat at which the answer with this number is read. `news` is the bell of who waits.

    Everybody is woken by one conductor. A timer for each would cost more, and gevent serves timers that are due
    together without looking at anything else: who asks meanwhile would wait for all of these answers.
    """
    _waiting[news] = number
    if _conductors:
        if not _somebody_waits.is_set():
            _somebody_waits.set()
        news.acquire()
    else:
        sleep(until_next())
        if _waiting.pop(news, None) is None:
            news.acquire()  # whoever has taken it out releases it


def conduct(stop: threading.Event) -> None:
    """Wake those whose turn it is, at every beat, until `stop` is set."""
    _conductors.append(stop)
    try:
        while not stop.is_set():
            if _somebody_waits.wait(TICK):
                stop.wait(until_next())
                _somebody_waits.clear()
                if strike():
                    _somebody_waits.set()
    finally:
        _conductors.remove(stop)
        _wake(list(_waiting))


def strike() -> bool:
    """One beat: whether somebody still waits, whose turn comes later."""
    global _beat
    _beat += 1
    apart = beats_apart()
    _wake([news for news, number in tuple(_waiting.items()) if (number - _beat) % apart == 0])
    return bool(_waiting)


def came(late: float) -> None:
    """Somebody who waited for a beat was so many seconds late: so long others had work to do."""
    global _late, _round
    usual = config.current().merge_interval
    _late += WEIGHT * (late - _late)
    if _late > MUCH * usual and _round < len(ROUNDS) - 1:
        _round, _late = _round + 1, SETTLED * usual
    elif _late < LITTLE * usual and _round:
        _round, _late = _round - 1, SETTLED * usual


def _wake(sleepers: list[threading.Lock]) -> None:
    for news in sleepers:
        if _waiting.pop(news, None) is not None:
            news.release()
