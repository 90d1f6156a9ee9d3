"""Personal data and credentials in a text: where they are, and the text without them (waldur-chat-api section 7.6)."""

from chatapp.guards.pii.categories import CATEGORIES, Category, Type
from chatapp.guards.pii.masks import mask
from chatapp.guards.pii.scan import find
from chatapp.guards.pii.spans import Span, disjoint, severity, strictest

__all__ = ["CATEGORIES", "Category", "Span", "Type", "disjoint", "find", "mask", "severity", "strictest"]
