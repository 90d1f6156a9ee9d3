"""The marketplace: organizations and projects, what they can order, what they have ordered, and what it costs.

Whatever must not happen twice or half is a constraint: an order with the same key, two active orders of a resource,
a quota below zero, a compensation above its price.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chatapp.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ACTIVE = sa.text("state in ('pending', 'executing')")
TABLES = (
    "credit_movements",
    "resource_usages",
    "orders",
    "invoice_items",
    "resources",
    "project_quotas",
    "networks",
    "memberships",
    "images",
    "flavors",
    "credits",
    "ssh_keys",
    "projects",
    "offerings",
    "invoices",
    "organizations",
    "categories",
)


def upgrade():
    op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("slug", name=op.f("uq_categories_slug")),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )
    op.create_index("ix_organizations_name", "organizations", ["name", "id"])
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state in ('open', 'issued', 'paid')", name=op.f("ck_invoices_state")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_invoices_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("organization_id", "month", name=op.f("uq_invoices_organization_id_month")),
    )
    op.create_table(
        "offerings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=150), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("features", JSON, nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("driver", sa.String(length=40), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind in ('machine', 'service')", name=op.f("ck_offerings_kind")),
        sa.CheckConstraint("state in ('draft', 'active', 'paused', 'archived')", name=op.f("ck_offerings_state")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_offerings_price")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_offerings_category_id_categories")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offerings")),
        sa.UniqueConstraint("slug", name=op.f("uq_offerings_slug")),
    )
    op.create_index("ix_offerings_category_name", "offerings", ["category_id", "name", "id"])
    op.create_index("ix_offerings_name", "offerings", ["name", "id"])
    op.create_table(
        "projects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_projects_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("slug", name=op.f("uq_projects_slug")),
    )
    op.create_index("ix_projects_name", "projects", ["name", "id"])
    op.create_index("ix_projects_organization_name", "projects", ["organization_id", "name", "id"])
    op.create_table(
        "ssh_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=60), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ssh_keys_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ssh_keys")),
        sa.UniqueConstraint("user_id", "fingerprint", name=op.f("uq_ssh_keys_user_id_fingerprint")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_ssh_keys_user_id_name")),
    )
    op.create_table(
        "credits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_credits_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_credits_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credits")),
        sa.UniqueConstraint("project_id", name=op.f("uq_credits_project_id")),
    )
    op.create_index("ix_credits_organization_id", "credits", ["organization_id"])
    op.create_index(
        "ix_credits_overdrawn",
        "credits",
        ["balance"],
        sqlite_where=sa.text("balance < 0"),
        postgresql_where=sa.text("balance < 0"),
    )
    op.create_index(
        "uq_credits_organization",
        "credits",
        ["organization_id"],
        unique=True,
        sqlite_where=sa.text("project_id is null"),
        postgresql_where=sa.text("project_id is null"),
    )
    op.create_table(
        "flavors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("ram", sa.BigInteger(), nullable=False),
        sa.Column("disk", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cores > 0 and ram > 0 and disk >= 0 and price >= 0", name=op.f("ck_flavors_size")),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["offerings.id"], name=op.f("fk_flavors_offering_id_offerings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flavors")),
        sa.UniqueConstraint("offering_id", "slug", name=op.f("uq_flavors_offering_id_slug")),
    )
    op.create_table(
        "images",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("min_ram", sa.BigInteger(), nullable=False),
        sa.Column("min_disk", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("min_ram >= 0 and min_disk >= 0", name=op.f("ck_images_needs")),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["offerings.id"], name=op.f("fk_images_offering_id_offerings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("offering_id", "slug", name=op.f("uq_images_offering_id_slug")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(role = 'owner') = (organization_id is not null)", name=op.f("ck_memberships_owners_of_organizations")
        ),
        sa.CheckConstraint("role in ('owner', 'admin', 'manager', 'member')", name=op.f("ck_memberships_role")),
        sa.CheckConstraint("(organization_id is null) <> (project_id is null)", name=op.f("ck_memberships_one_place")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_memberships_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_memberships_project_id_projects"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("user_id", "organization_id", name=op.f("uq_memberships_user_id_organization_id")),
        sa.UniqueConstraint("user_id", "project_id", name=op.f("uq_memberships_user_id_project_id")),
    )
    op.create_index("ix_memberships_organization_id", "memberships", ["organization_id"])
    op.create_index("ix_memberships_project_id", "memberships", ["project_id"])
    op.create_table(
        "networks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("cidr", sa.String(length=50), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["offerings.id"], name=op.f("fk_networks_offering_id_offerings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint("offering_id", "slug", name=op.f("uq_networks_offering_id_slug")),
    )
    op.create_index(
        "uq_networks_one_default",
        "networks",
        ["offering_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "project_quotas",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("component", sa.String(length=10), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("component in ('cores', 'ram', 'storage')", name=op.f("ck_project_quotas_component")),
        sa.CheckConstraint("most is null or most >= 0", name=op.f("ck_project_quotas_most")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_project_quotas_used")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_quotas_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "component", name=op.f("pk_project_quotas")),
    )
    op.create_table(
        "resources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("offering_id", sa.Uuid(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("flavor", sa.String(length=150), nullable=False),
        sa.Column("image", sa.String(length=150), nullable=False),
        sa.Column("network", sa.String(length=150), nullable=False),
        sa.Column("ssh_key_name", sa.String(length=100), nullable=False),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("ram", sa.BigInteger(), nullable=False),
        sa.Column("storage", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("modified", UtcDateTime(), nullable=False),
        sa.Column("terminated_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'Terminated') = (terminated_at is not null)", name=op.f("ck_resources_terminated")
        ),
        sa.CheckConstraint(
            "state in ('Creating', 'OK', 'Updating', 'Paused', 'Terminating', 'Terminated', 'Erred')",
            name=op.f("ck_resources_state"),
        ),
        sa.CheckConstraint("cores >= 0 and ram >= 0 and storage >= 0 and price >= 0", name=op.f("ck_resources_size")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_resources_created_by_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["offering_id"], ["offerings.id"], name=op.f("fk_resources_offering_id_offerings")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_resources_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
    )
    op.create_index("ix_resources_created", "resources", ["created", "id"])
    op.create_index("ix_resources_created_by_id", "resources", ["created_by_id"])
    op.create_index("ix_resources_name", "resources", ["name", "id"])
    op.create_index("ix_resources_offering_created", "resources", ["offering_id", "created", "id"])
    op.create_index("ix_resources_project_created", "resources", ["project_id", "created", "id"])
    op.create_index("ix_resources_project_name", "resources", ["project_id", "name", "id"])
    op.create_index("ix_resources_state_created", "resources", ["state", "created", "id"])
    op.create_table(
        "invoice_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("compensated", sa.BigInteger(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.CheckConstraint("price >= 0 and compensated between 0 and price", name=op.f("ck_invoice_items_amounts")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_items_invoice_id_invoices"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_invoice_items_project_id_projects"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_invoice_items_resource_id_resources"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_items")),
    )
    op.create_index("ix_invoice_items_invoice", "invoice_items", ["invoice_id", "id"])
    op.create_index("ix_invoice_items_project_id", "invoice_items", ["project_id"])
    op.create_index("ix_invoice_items_resource_id", "invoice_items", ["resource_id"])
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("wish", JSON, nullable=False),
        sa.Column("progress", sa.String(length=200), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=2000), nullable=True),
        sa.Column("memory", JSON, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("renewed_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'erred') = (error is not null)", name=op.f("ck_orders_error_iff_erred")),
        sa.CheckConstraint("kind in ('create', 'terminate')", name=op.f("ck_orders_kind")),
        sa.CheckConstraint(
            "state in ('pending', 'executing', 'done', 'erred', 'canceled')", name=op.f("ck_orders_state")
        ),
        sa.CheckConstraint("percent between 0 and 100", name=op.f("ck_orders_percent")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_orders_project_id_projects")),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=op.f("fk_orders_resource_id_resources")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_orders_user_id_users"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_created", "orders", ["created", "id"])
    op.create_index("ix_orders_due", "orders", ["due_at", "id"], sqlite_where=ACTIVE, postgresql_where=ACTIVE)
    op.create_index("ix_orders_project_created", "orders", ["project_id", "created", "id"])
    op.create_index("ix_orders_resource", "orders", ["resource_id"])
    op.create_index("uq_orders_idempotency_key", "orders", ["user_id", "idempotency_key"], unique=True)
    op.create_index(
        "uq_orders_one_active", "orders", ["resource_id"], unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE
    )
    op.create_table(
        "resource_usages",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("component", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0 and cost >= 0", name=op.f("ck_resource_usages_amounts")),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_resource_usages_resource_id_resources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("resource_id", "month", "component", name=op.f("pk_resource_usages")),
    )
    op.create_table(
        "credit_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_item_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=15), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind in ('grant', 'compensation', 'correction')", name=op.f("ck_credit_movements_kind")),
        sa.ForeignKeyConstraint(
            ["credit_id"], ["credits.id"], name=op.f("fk_credit_movements_credit_id_credits"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invoice_item_id"],
            ["invoice_items.id"],
            name=op.f("fk_credit_movements_invoice_item_id_invoice_items"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_movements")),
    )
    op.create_index("ix_credit_movements_credit_created", "credit_movements", ["credit_id", "created", "id"])
    op.create_index("ix_credit_movements_invoice_item_id", "credit_movements", ["invoice_item_id"])


def downgrade():
    for table in TABLES:
        op.drop_table(table)
