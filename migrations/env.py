"""Runs the migrations on the application's own engine."""

from alembic import context
from flask import current_app

from chatapp.db import patiently

# Made by migrations alone: what the models have no words for.
BESIDE_THE_MODELS = (
    "uq_users_username_ci",
    "message_numbers",
    "search_owners",
    "search_backlog",
    "message_words",
    "thread_numbers",
    "thread_names",
    "ix_messages_search",
    "ix_threads_title_fragments",
    "search",
)


def is_of_the_models(item, name, kind, reflected, compare_to):
    return not (reflected and compare_to is None and str(name).startswith(BESIDE_THE_MODELS))


extension = current_app.extensions["migrate"]
options = extension.configure_args | {
    "target_metadata": extension.db.metadatas[None],
    "compare_type": True,
    "include_object": is_of_the_models,
    "render_as_batch": True,
}

# SQLite waits for other writers when a transaction begins to write at once, not when it has read something before.
with patiently(), extension.db.engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection:
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()
