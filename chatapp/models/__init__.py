"""Tables, columns, constraints. No behaviour."""

from chatapp.models.accounts import ApiToken, User
from chatapp.models.administration import AuditRecord, Quota, SiteCounter, SystemPrompt
from chatapp.models.marketplace import (
    Category,
    Credit,
    CreditMovement,
    Flavor,
    Image,
    Invoice,
    InvoiceItem,
    Membership,
    Network,
    Offering,
    Order,
    Organization,
    Project,
    ProjectQuota,
    Resource,
    ResourceUsage,
    SshKey,
)
from chatapp.models.messages import Message
from chatapp.models.sharing import SharedMessage, ShareLink
from chatapp.models.threads import ChatSession, Thread
from chatapp.models.turns import ToolApproval, Turn, TurnEvent, TurnLease

__all__ = [
    "ApiToken",
    "AuditRecord",
    "Category",
    "ChatSession",
    "Credit",
    "CreditMovement",
    "Flavor",
    "Image",
    "Invoice",
    "InvoiceItem",
    "Membership",
    "Message",
    "Network",
    "Offering",
    "Order",
    "Organization",
    "Project",
    "ProjectQuota",
    "Quota",
    "Resource",
    "ResourceUsage",
    "ShareLink",
    "SharedMessage",
    "SiteCounter",
    "SshKey",
    "SystemPrompt",
    "Thread",
    "ToolApproval",
    "Turn",
    "TurnEvent",
    "TurnLease",
    "User",
]
