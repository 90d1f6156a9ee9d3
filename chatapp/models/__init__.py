"""Tables, columns, constraints. No behaviour."""

from chatapp.models.accounts import ApiToken, User
from chatapp.models.administration import AuditRecord, Quota, SiteCounter, SystemPrompt
from chatapp.models.artifacts import Artifact, ArtifactText, Attachment, Blob
from chatapp.models.messages import Message
from chatapp.models.sharing import SharedMessage, ShareLink
from chatapp.models.threads import ChatSession, Thread
from chatapp.models.turns import Turn, TurnEvent, TurnLease

__all__ = [
    "ApiToken",
    "Artifact",
    "ArtifactText",
    "Attachment",
    "AuditRecord",
    "Blob",
    "ChatSession",
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
