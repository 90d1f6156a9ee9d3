"""Tables, columns, constraints. No behaviour."""

from chatapp.models.accounts import ApiToken, User
from chatapp.models.messages import Message
from chatapp.models.threads import ChatSession, Thread
from chatapp.models.turns import Turn, TurnEvent, TurnLease

__all__ = ["ApiToken", "ChatSession", "Message", "Thread", "Turn", "TurnEvent", "TurnLease", "User"]
