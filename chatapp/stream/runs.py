"""The turns that a process executes."""

from __future__ import annotations

from time import monotonic

from chatapp.core.executors import Assignment
from chatapp.stream.answering import Answering
from chatapp.stream.hub import Channel, Hub
from chatapp.values import Failure


class Run:
    """One turn that this process executes."""

    def __init__(self, assignment: Assignment, channel: Channel) -> None:
        self.assignment = assignment
        self.turn_id = assignment.turn_id
        self.channel = channel
        self.started = monotonic()
        self.answering: Answering | None = None
        self.failure: Failure | None = None
        self.released = False  # somebody else has ended the turn: nothing of it is ours to store any more

    def stop(self, failure: Failure | None) -> None:
        """Stop answering; `failure` is why, None when the turn has been ended already."""
        if failure is None:
            self.released = True
        else:
            self.failure = self.failure or failure
        if self.answering:
            self.answering.close()

    def let_go(self, hub: Hub) -> None:
        """The turn was ended elsewhere: its last events are in the store, and none of ours will be."""
        hub.hand_over(self.channel)
        self.stop(None)
