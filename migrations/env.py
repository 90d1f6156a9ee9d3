"""Runs the migrations on the application's own engine."""

from alembic import context
from flask import current_app

extension = current_app.extensions["migrate"]
options = extension.configure_args | {
    "target_metadata": extension.db.metadatas[None],
    "compare_type": True,
    "render_as_batch": True,
}

with extension.db.engine.connect() as connection:
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()
