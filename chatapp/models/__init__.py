"""Tables, columns, constraints. No behaviour."""

from chatapp.models.accounts import ApiToken, User
from chatapp.models.administration import AuditRecord, Quota, SiteCounter, SystemPrompt
from chatapp.models.mcp import McpServer, McpTool
from chatapp.models.messages import Message
from chatapp.models.sharing import SharedMessage, ShareLink
from chatapp.models.threads import ChatSession, Thread
from chatapp.models.turns import ToolApproval, Turn, TurnEvent, TurnLease

__all__ = [
    "ApiToken",
    "AuditRecord",
    "ChatSession",
    "McpServer",
    "McpTool",
    "Message",
    "Quota",
    "ShareLink",
    "SharedMessage",
    "SiteCounter",
    "SystemPrompt",
    "Thread",
    "ToolApproval",
    "Turn",
    "TurnEvent",
    "TurnLease",
    "User",
]
