"""Who is alive."""

from __future__ import annotations

import os

from chatapp.stream import workers
from tests.stream.process import Process


def test_this_process_is_alive() -> None:
    assert workers.dead_among([workers.identity()]) == []


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it() -> None:
    place, pid, _ = workers.identity().rsplit("|", 2)
    assert int(pid) == os.getpid()
    impostor = f"{place}|{pid}|1"
    assert workers.dead_among([impostor]) == [impostor]


def test_of_other_machines_nothing_is_known() -> None:
    _, pid, start = workers.identity().rsplit("|", 2)
    assert workers.dead_among([f"another-machine:boot:ns|{pid}|{start}", f"another-machine:boot:ns|{pid}|1"]) == []


def test_a_killed_process_is_dead_before_and_after_it_is_waited_for() -> None:
    with Process() as process:
        place, _, _ = workers.identity().rsplit("|", 2)
        identity = f"{place}|{process.pid}|{workers._start_time(process.pid)}"
        assert workers.dead_among([identity]) == []
        process.kill()
        assert workers.dead_among([identity]) == [identity]
