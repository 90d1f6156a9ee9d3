"""Tables, columns, constraints. No behaviour."""

from chatapp.models.accounts import (
    ApiToken,
    Identity,
    Invitation,
    PasswordLink,
    RecoveryCode,
    SecondFactor,
    SignInFailures,
    User,
)
from chatapp.models.administration import AuditChain, AuditRecord, Quota, SiteCounter, SystemPrompt
from chatapp.models.agents import AgentSpec
from chatapp.models.artifacts import Artifact, ArtifactText, Attachment, Blob
from chatapp.models.automations import Automation, AutomationRun
from chatapp.models.feedback import Feedback
from chatapp.models.figures import SiteFigure, UserFigure
from chatapp.models.flags import AllowedPhrase, Flag, FlagDecision, FlagRule
from chatapp.models.idempotency import KeptAnswer
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
from chatapp.models.mcp import McpServer, McpTool
from chatapp.models.messages import Message
from chatapp.models.prompts import PromptFigures, PromptVersion, Summed
from chatapp.models.retention import LegalHold, RetentionRule, RetentionRun
from chatapp.models.sharing import SharedMessage, ShareLink
from chatapp.models.threads import ChatSession, Thread
from chatapp.models.turns import ACTIVE_SQL, ToolApproval, Turn, TurnEvent, TurnLease

__all__ = [
    "ACTIVE_SQL",
    "AgentSpec",
    "AllowedPhrase",
    "ApiToken",
    "Artifact",
    "ArtifactText",
    "Attachment",
    "AuditChain",
    "AuditRecord",
    "Automation",
    "AutomationRun",
    "Blob",
    "Category",
    "ChatSession",
    "Credit",
    "CreditMovement",
    "Feedback",
    "Flag",
    "FlagDecision",
    "FlagRule",
    "Flavor",
    "Identity",
    "Image",
    "Invitation",
    "Invoice",
    "InvoiceItem",
    "KeptAnswer",
    "LegalHold",
    "McpServer",
    "McpTool",
    "Membership",
    "Message",
    "Network",
    "Offering",
    "Order",
    "Organization",
    "PasswordLink",
    "Project",
    "ProjectQuota",
    "PromptFigures",
    "PromptVersion",
    "Quota",
    "RecoveryCode",
    "Resource",
    "ResourceUsage",
    "RetentionRule",
    "RetentionRun",
    "SecondFactor",
    "ShareLink",
    "SharedMessage",
    "SignInFailures",
    "SiteCounter",
    "SiteFigure",
    "SshKey",
    "Summed",
    "SystemPrompt",
    "Thread",
    "ToolApproval",
    "Turn",
    "TurnEvent",
    "TurnLease",
    "User",
    "UserFigure",
]
