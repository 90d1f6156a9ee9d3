"""The tables of the marketplace."""

from chatapp.models.marketplace.billing import Credit, CreditMovement, Invoice, InvoiceItem
from chatapp.models.marketplace.catalogue import Category, Flavor, Image, Network, Offering
from chatapp.models.marketplace.organizations import Membership, Organization, Project, ProjectQuota
from chatapp.models.marketplace.resources import Order, Resource, ResourceUsage, SshKey

__all__ = [
    "Category",
    "Credit",
    "CreditMovement",
    "Flavor",
    "Image",
    "Invoice",
    "InvoiceItem",
    "Membership",
    "Network",
    "Offering",
    "Order",
    "Organization",
    "Project",
    "ProjectQuota",
    "Resource",
    "ResourceUsage",
    "SshKey",
]
