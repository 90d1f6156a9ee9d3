"""Tables, columns, constraints. No behaviour."""

from chatapp.models.accounts import ApiToken, User
from chatapp.models.administration import AuditRecord, Quota, SiteCounter, SystemPrompt
from chatapp.models.agents import AgentSpec
from chatapp.models.artifacts import Artifact, ArtifactText, Attachment, Blob
from chatapp.models.feedback import Feedback
from chatapp.models.idempotency import KeptAnswer
from chatapp.models.messages import Message
from chatapp.models.sharing import SharedMessage, ShareLink
from chatapp.models.threads import ChatSession, Thread
from chatapp.models.turns import Turn, TurnEvent, TurnLease

__all__ = [
    "AgentSpec",
    "ApiToken",
    "Artifact",
    "ArtifactText",
    "Attachment",
    "AuditRecord",
    "Blob",
    "ChatSession",
    "Feedback",
    "KeptAnswer",
    "Message",
    "Quota",
    "ShareLink",
    "SharedMessage",
    "SiteCounter",
    "SystemPrompt",
    "Thread",
    "Turn",
    "TurnEvent",
    "TurnLease",
    "User",
]
