"""Commands for operators."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from chatapp import cli_audit, cli_guards, cli_marketplace, cli_operations, jobs
from chatapp.core import accounts, password_links, people
from chatapp.errors import ChatError
from chatapp.values import Scope

user_commands = AppGroup("user", help="People.")
token_commands = AppGroup("token", help="API tokens.")


class MigrationCommands(click.Command):
    """`flask db`: Alembic is imported when it is used, for no server needs it."""

    def make_context(self, *args: Any, **given: Any) -> click.Context:
        from flask_migrate.cli import db

        context: click.Context = db.make_context(*args, **given)
        return context


def register(app: Flask) -> None:
    app.cli.add_command(MigrationCommands("db", help="Migrations of the database."))
    app.cli.add_command(user_commands)
    app.cli.add_command(token_commands)
    app.cli.add_command(demo_command)
    app.cli.add_command(daily_command)
    app.cli.add_command(cli_operations.backup_command)
    app.cli.add_command(cli_operations.restore_command)
    app.cli.add_command(cli_operations.doctor_command)
    app.cli.add_command(cli_audit.commands)
    app.cli.add_command(cli_guards.commands)
    app.cli.add_command(cli_marketplace.commands)


@user_commands.command("create")
@click.argument("name")
@click.option("--password", required=True)
@click.option("--full-name", default="")
@click.option("--email", default="")
@click.option("--staff", is_flag=True, help="May administer everything.")
@click.option("--support", is_flag=True, help="May read everybody's conversations.")
def create_user(name: str, password: str, full_name: str, email: str, staff: bool, support: bool) -> None:
    """Create a user."""
    try:
        accounts.check_password(password)
        user = accounts.create_user(name, password, full_name=full_name, email=email, staff=staff, support=support)
    except ChatError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Created user {user.username}.")


@user_commands.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(["regular", "support", "staff"]))
def change_role(name: str, role: str) -> None:
    """Change what user NAME may do."""
    try:
        user = accounts.find_user(name)
        people.change_roles(user, user.id, staff=role == "staff", support=role == "support")
    except ChatError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{user.username}: {role}.")


@user_commands.command("password-link")
@click.argument("name")
def make_password_link(name: str) -> None:
    """Make a link with which user NAME chooses a password. The last line goes behind the address of the site."""
    try:
        user = accounts.find_user(name)
        token = password_links.create(user, user)
    except ChatError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"A link for {user.username}. It works once, within a day:")
    click.echo(f"/password/{token}/")


@user_commands.command("reset-two-step")
@click.argument("name")
def reset_two_step(name: str) -> None:
    """Let user NAME sign in with the password alone until they set up codes again."""
    try:
        user = accounts.find_user(name)
        people.reset_second_factor(user, user.id)
    except ChatError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{user.username} signs in without a code.")


@token_commands.command("create")
@click.argument("name")
@click.option("--label", default="", help="What the token is for.")
@click.option("--read-only", is_flag=True, help="It looks at things and changes nothing.")
def create_token(name: str, label: str, read_only: bool) -> None:
    """Create an API token for user NAME. The secret is the last line and is not shown again."""
    try:
        scope = Scope.READ if read_only else Scope.ALL
        secret = accounts.create_token(accounts.find_user(name), label, scope=scope)
    except ChatError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Token for {name}. It is shown this once:")
    click.echo(secret)


@click.command("demo")
def demo_command() -> None:
    """Fill the installation with people and conversations to look at."""
    from chatapp import demo

    for line in demo.fill():
        click.echo(line)


@click.command("daily")
def daily_command() -> None:
    """Do the day's work now: quotas roll over, idle conversations are deleted."""
    jobs.run()
