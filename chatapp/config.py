"""Every setting: name, default, help. Read from the environment once, validated, and documented from this list."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

ROOT = Path(__file__).resolve().parent.parent
# What may follow a finding of each guard, from the mildest on (waldur-chat-api section 7.1).
INJECTION_ACTIONS = ("allow", "flag", "block")
PII_ACTIONS = ("allow", "flag", "warn", "redact", "block")

# Plain HTTP would show everybody on the way who signs in, and how.
ISSUER = r"(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s?#]*)?"


class BadSetting(ValueError):
    """A setting has a value that cannot be used. The message names it and never repeats a secret."""


def setting(default: Any, help: str, *, secret: bool = False, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help, "secret": secret, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """One attribute a setting; the environment variable is its name in capitals.

    Any of them may come from a file instead: NAME_FILE holds the path.
    """

    host: str = setting("127.0.0.1", "Address the server listens on.")
    port: int = setting(8000, "Port the server listens on.")
    workers: int = setting(1, "Worker processes. More than one needs PostgreSQL.")
    worker_class: str = setting("gevent", "gunicorn worker.", choices=("gevent", "gthread"))
    worker_connections: int = setting(2000, "Connections (gevent) or threads (gthread) of a worker.")
    shutdown_grace: float = setting(20.0, "Seconds that running answers get to finish when a worker is stopped.")
    instance_path: str = setting(
        str(ROOT / "instance"), "Folder of the SQLite database and the generated secret key; default: instance/ here."
    )
    files_path: str = setting(
        "", "Folder of the files that people send, shared by all machines; empty: files/ in the instance folder."
    )
    files_per_user: int = setting(1000, "Megabytes of files that one person may keep; 0 or less: any number.")
    database_url: str = setting("", "SQLAlchemy URL; empty: SQLite in the instance folder.", secret=True)
    database_connections: int = setting(
        20, "Connections to PostgreSQL that a worker keeps; it opens as many again for a moment when it has to."
    )
    database_statement_timeout: float = setting(
        30.0,
        "Seconds after which PostgreSQL gives a statement up; 0: never. Exports, migrations and the day's work may "
        "take longer.",
    )
    redis_url: str = setting(
        "",
        "Redis that carries answers from the process that writes them to readers elsewhere; empty: PostgreSQL does.",
        secret=True,
    )
    secret_key: str = setting("", "Signs browser sessions; empty: generated once in the instance folder.", secret=True)
    body_patience: float = setting(
        30.0, "Seconds that the body of a request may take to arrive, and one more for every 32 kilobytes of it."
    )
    trusted_proxies: int = setting(0, "Reverse proxies in front whose X-Forwarded headers are believed.")
    metrics_token: str = setting(
        "", "Bearer token that reads /metrics; empty: only visitors on the server's own machine may.", secret=True
    )
    otel_exporter_otlp_endpoint: str = setting(
        "",
        "OpenTelemetry collector (OTLP over HTTP) that spans of answers and model calls are sent to, such as "
        "http://collector:4318; empty: none are made.",
    )
    log_level: str = setting(
        "INFO", "Least severe level that is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )

    password_sign_in: bool = setting(
        True, "Whether people may sign in with a password. Without OIDC_ISSUER they always may."
    )

    session_idle_hours: int = setting(336, "Hours without a visit after which a browser is signed out; at least 1.")
    session_absolute_hours: int = setting(
        2160, "Hours after signing in at which a browser is signed out in any case; 0 or less: never."
    )
    require_totp: str = setting(
        "off",
        "Who needs a code from an app beside the password: nobody has to (off), staff and support (staff), everybody "
        "(all). Whoever has none sets it up when they sign in. A provider for signing in asks by itself.",
        choices=("off", "staff", "all"),
    )
    oidc_issuer: str = setting(
        "", "Address of an OpenID Connect provider; empty: nobody signs in there (docs/people.md)."
    )
    oidc_client_id: str = setting("", "Name of this application at the provider.")
    oidc_client_secret: str = setting(
        "", "Its secret; empty: a public client, which proves itself by PKCE alone.", secret=True
    )
    oidc_scopes: str = setting("openid profile email", "What the provider is asked for.")
    oidc_label: str = setting("single sign-on", "What the provider is called on the button: Continue with ...")
    oidc_groups_claim: str = setting(
        "groups", "Claim with a person's groups; dots lead into objects: realm_access.roles."
    )
    oidc_staff_groups: str = setting(
        "", "Groups that are staff here, separated by commas. With these or the next, roles follow the groups."
    )
    oidc_support_groups: str = setting("", "Groups that are support here, separated by commas.")
    oidc_required_groups: str = setting(
        "", "Groups of which one is needed to get in, separated by commas; empty: none."
    )
    oidc_creates_people: bool = setting(True, "Whether somebody who has no account yet gets one when they sign in.")
    oidc_trusts_email: bool = setting(
        False, "Whether an address that the provider calls verified opens the account here that has the same one."
    )
    oidc_allowed_hosts: str = setting(
        "",
        "Where else the provider may be although it is not public, as MCP_ALLOWED_HOSTS. OIDC_ISSUER always may.",
    )

    show_token_use: bool = setting(False, "Show everybody what tokens their answers took, not only staff and support.")
    site_name: str = setting("chatapp", "Name of the organisation or site, shown on the pages.")

    sharing: str = setting(
        "people",
        "Who may open a link that shares a conversation: nobody (off), people with an account here (people), or "
        "whoever has the link (anyone).",
        choices=("off", "people", "anyone"),
    )
    support_contact: str = setting(
        "", "Whom people may ask about the assistant: an e-mail address, a link or a few words, in the first notice."
    )

    embed_origins: str = setting(
        "",
        "Origins, such as https://portal.example.org, whose pages may show /embed/ in a frame, separated by spaces. "
        "This site itself always may.",
    )

    provider: str = setting(
        "",
        "Who answers; empty: anthropic when a key is set, else offline.",
        choices=("", "anthropic", "offline", "none"),
    )
    anthropic_api_key: str = setting("", "Key of the Messages service.", secret=True)
    anthropic_base_url: str = setting("https://api.anthropic.com", "Any service that speaks the Messages protocol.")
    anthropic_model: str = setting("claude-sonnet-5-5", "Model that answers.")
    anthropic_title_model: str = setting("", "Model that names conversations; empty: the one that answers.")
    anthropic_max_tokens: int = setting(8192, "Longest answer of one model call, in tokens.")
    anthropic_read_timeout: float = setting(60.0, "Seconds without a byte from the service before it counts as gone.")
    model_prices: str = setting(
        "{}",
        "JSON: US dollars per million tokens by model, with the keys input, output, cache_read, cache_write. "
        "The cost of a model that is not in it stays unknown.",
    )
    offline_pace: float = setting(0.02, "Seconds between the words of the offline model.")
    offline_tick: float = setting(0.2, "Seconds between the deltas of the offline model's /slow command.")

    currency: str = setting("EUR", "Currency of the marketplace's prices and credits, as ISO 4217 writes it.")
    demo_cloud_pace: float = setting(2.0, "Seconds between the steps of the marketplace's built-in demo driver.")

    ai_assistant_enabled: bool = setting(True, "Master switch of the assistant.")
    ai_assistant_enabled_roles: str = setting(
        "all", "Who may use it: disabled, staff, staff_and_support, all or anonymous (the same as all)."
    )
    ai_assistant_name: str = setting("Waldur Assistant", "Name the assistant goes by; {assistant_name} in prompts.")
    ai_assistant_system_prompt_custom_instructions: str = setting(
        "", "Additional instructions while no system prompt is active."
    )
    ai_assistant_history_limit: str = setting(
        "50", "Messages of a conversation that the model is shown; 0, negative or not a number: none."
    )
    ai_assistant_session_retention_days: int = setting(
        90, "Days without activity after which a user's conversations are deleted; 0 or less: never."
    )
    deleted_thread_retention_days: int = setting(
        30, "Days after which a conversation that was deleted over the turns API is erased; until then it is archived."
    )
    event_retention_hours: int = setting(
        48, "Hours that the events of an answer are kept after its end, to be replayed one by one; at least 24."
    )
    ai_assistant_token_limit_daily: str = setting("-1", "Tokens per user and day; -1: unlimited.")
    ai_assistant_token_limit_weekly: str = setting("-1", "Tokens per user and week (from Monday); -1: unlimited.")
    ai_assistant_token_limit_monthly: str = setting("-1", "Tokens per user and calendar month; -1: unlimited.")
    ai_assistant_global_requests_per_minute: int = setting(
        0, "Questions per clock minute over all users; 0 or less: no cap."
    )
    ai_assistant_global_daily_token_budget: int = setting(
        5_000_000, "Tokens per day over all users; 0 or less: no cap."
    )
    ai_assistant_injection_allowlist: str = setting(
        "", "Phrases, separated by commas, that are no prompt injection when they are nearly the whole message."
    )
    injection_low: float = setting(0.3, "Score from which a text counts as an injection of severity low.")
    injection_medium: float = setting(0.5, "Score from which the severity is medium.")
    injection_high: float = setting(0.7, "Score from which the severity is high.")
    injection_critical: float = setting(0.9, "Score from which the severity is critical.")
    injection_action_low: str = setting("flag", "What follows an injection of severity low.", choices=INJECTION_ACTIONS)
    injection_action_medium: str = setting("flag", "What follows severity medium.", choices=INJECTION_ACTIONS)
    injection_action_high: str = setting("block", "What follows severity high.", choices=INJECTION_ACTIONS)
    injection_action_critical: str = setting("block", "What follows severity critical.", choices=INJECTION_ACTIONS)
    pii_action_medium: str = setting(
        "warn", "What follows personal data of severity medium, such as e-mail addresses.", choices=PII_ACTIONS
    )
    pii_action_high: str = setting(
        "redact", "What follows severity high, such as bank accounts and identity numbers.", choices=PII_ACTIONS
    )
    pii_action_critical: str = setting("block", "What follows severity critical: credentials.", choices=PII_ACTIONS)
    context_tokens: int = setting(180_000, "Estimated size (characters / 4) above which the oldest turns are left out.")
    attachment_characters: int = setting(
        100_000, "Characters of attached files that one question shows the model; it can ask for more."
    )
    attachment_wait: float = setting(10.0, "Seconds that an answer waits until its files have been read.")
    title_wait: float = setting(2.0, "Seconds a finished answer waits for the title of its conversation.")

    merge_interval: float = setting(
        0.05, "Seconds over which pieces of text are gathered into one event; a process that is too busy takes longer."
    )
    poll_interval: float = setting(0.1, "Seconds between looks at the store for answers written by other processes.")
    heartbeat: float = setting(15.0, "Seconds of silence after which a stream sends a sign of life.")
    lease_renewal: float = setting(30.0, "Seconds between renewals of a running answer's lease.")
    lease_expiry: float = setting(90.0, "Age in seconds at which a lease is void and its answer is ended as failed.")
    ai_assistant_stream_timeout_seconds: float = setting(
        120.0, "Seconds without news after which a reader of /api/chat/stream/ is told that the request timed out."
    )
    idle_limit: float = setting(120.0, "Seconds without progress of the model before an answer is ended.")
    turn_limit: float = setting(900.0, "Longest time in seconds that one answer may take.")
    tool_timeout: float = setting(30.0, "Seconds after which a tool that has not answered is given up.")
    tool_result_characters: int = setting(20_000, "Longest result of a tool, in characters of JSON; more is cut off.")
    gate_wait: float = setting(604_800.0, "Seconds that a run of an automation waits at a gate before it is rejected.")
    approval_wait: float = setting(86_400.0, "Seconds that an answer waits for a person to allow a tool.")
    mcp_allowed_hosts: str = setting(
        "",
        "Where MCP servers may be although it is not public, separated by commas: host, host:port, address or network "
        "(CIDR). Private, loopback and link-local addresses are refused otherwise.",
    )

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force; `postgres://` and `postgresql://` mean psycopg 3."""
        url = self.database_url or f"sqlite:///{Path(self.instance_path) / 'chatapp.db'}"
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url

    @property
    def files_in_force(self) -> Path:
        """The folder of the files that people send."""
        return Path(self.files_path or Path(self.instance_path) / "files")

    @property
    def prices(self) -> Mapping[str, Mapping[str, str]]:
        """`model_prices` as an object. Raises BadSetting."""
        try:
            prices = orjson.loads(self.model_prices)
        except ValueError as error:
            raise BadSetting("MODEL_PRICES is not valid JSON") from error
        entries = prices.values() if isinstance(prices, dict) else [None]
        if not all(isinstance(entry, dict) and all(map(_is_price, entry.values())) for entry in entries):
            raise BadSetting('MODEL_PRICES is not an object of objects of prices, such as "3.75"')
        return {model: {kind: str(price) for kind, price in entry.items()} for model, entry in prices.items()}

    @property
    def embedders(self) -> tuple[str, ...]:
        """`embed_origins` one by one. Raises BadSetting."""
        origins = tuple(self.embed_origins.split())
        if not all(map(_is_origin, origins)):
            raise BadSetting("EMBED_ORIGINS is not a list of origins such as https://portal.example.org")
        return origins

    @property
    def mcp_allowed(self) -> tuple[str, ...]:
        """`mcp_allowed_hosts` one by one. Raises BadSetting."""
        entries = tuple(entry.strip().lower() for entry in self.mcp_allowed_hosts.split(",") if entry.strip())
        if not all(map(_is_destination, entries)):
            raise BadSetting("MCP_ALLOWED_HOSTS is not a list of hosts, addresses and networks")
        return entries

    @property
    def session_idle(self) -> timedelta:
        return timedelta(hours=self.session_idle_hours)

    def session_ends(self, began: datetime) -> datetime:
        """When a session ends that began then, however often it is used."""
        hours = self.session_absolute_hours
        return began + timedelta(hours=hours) if hours > 0 else datetime.max.replace(tzinfo=UTC)

    @property
    def takes_passwords(self) -> bool:
        """Whether people may sign in with a password; nobody is locked out where there is no other way in."""
        return self.password_sign_in or not self.oidc_issuer

    @property
    def oidc_maps_roles(self) -> bool:
        """Whether the provider's groups decide who is staff and support."""
        return bool(self.oidc_issuer and (listed(self.oidc_staff_groups) or listed(self.oidc_support_groups)))

    @property
    def oidc_needs_groups(self) -> bool:
        return self.oidc_maps_roles or bool(listed(self.oidc_required_groups))

    @property
    def oidc_allowed(self) -> tuple[str, ...]:
        """The issuer's host and `oidc_allowed_hosts`. Raises BadSetting."""
        entries = tuple(entry.lower() for entry in listed(self.oidc_allowed_hosts))
        if not all(map(_is_destination, entries)):
            raise BadSetting("OIDC_ALLOWED_HOSTS is not a list of hosts, addresses and networks")
        issuer = urlsplit(self.oidc_issuer)
        return (*entries, *([issuer.netloc.lower() if issuer.port else issuer.hostname] if issuer.hostname else []))

    @property
    def history_limit(self) -> int:
        """Messages of history; 0 when the setting is no positive number."""
        text = self.ai_assistant_history_limit
        return int(text) if text.isascii() and text.isdigit() else 0

    @property
    def injection_allowlist(self) -> tuple[str, ...]:
        """The phrases of `ai_assistant_injection_allowlist`."""
        phrases = self.ai_assistant_injection_allowlist.split(",")
        return tuple(phrase.strip() for phrase in phrases if phrase.strip())

    @property
    def uses_sqlite(self) -> bool:
        return self.database.startswith("sqlite")

    @property
    def provider_in_force(self) -> str:
        return self.provider or ("anthropic" if self.anthropic_api_key else "offline")

    def signing_key(self) -> str:
        """`secret_key`, or one that is made on first use and kept, readable by its owner only."""
        if self.secret_key:
            return self.secret_key
        path = Path(self.instance_path) / "secret_key"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_text().strip()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises BadSetting."""
    env = os.environ if environ is None else environ
    settings = Settings(**{f.name: _value(f.name, f, env) for f in fields(Settings) if _given(f.name, env)})
    _ = settings.prices, settings.embedders, settings.mcp_allowed
    _check_ranges(settings)
    _check_oidc(settings)
    return settings


def listed(text: str) -> tuple[str, ...]:
    """The entries of a setting that are separated by commas."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def _check_oidc(settings: Settings) -> None:
    """What signing in elsewhere cannot do without. Raises BadSetting."""
    if not settings.oidc_issuer:
        return
    if not re.fullmatch(ISSUER, settings.oidc_issuer):
        raise BadSetting("OIDC_ISSUER is not an https:// address (http:// is for this machine alone)")
    if not settings.oidc_client_id:
        raise BadSetting("OIDC_ISSUER needs OIDC_CLIENT_ID")
    if "openid" not in settings.oidc_scopes.split():
        raise BadSetting("OIDC_SCOPES must hold openid")
    _ = settings.oidc_allowed


def _check_ranges(settings: Settings) -> None:
    """Durations count up from nothing, ports are ports. Raises BadSetting."""
    for spec in fields(Settings):
        value = getattr(settings, spec.name)
        if isinstance(value, float) and value < 0:
            raise BadSetting(f"{spec.name.upper()} must not be negative")
    levels = ("injection_low", "injection_medium", "injection_high", "injection_critical")
    scores = [getattr(settings, level) for level in levels]
    if scores != sorted(scores) or not scores[0] > 0:
        raise BadSetting("INJECTION_LOW, _MEDIUM, _HIGH and _CRITICAL must be positive and ascending")
    if not re.fullmatch(r"[A-Z]{3}", settings.currency):
        raise BadSetting("CURRENCY must be three capital letters, such as EUR")
    if not 0 <= settings.port <= 65_535:
        raise BadSetting("PORT must be between 0 and 65535")
    if settings.event_retention_hours < 24:
        raise BadSetting("EVENT_RETENTION_HOURS must be at least 24")
    for name in ("session_idle_hours", "workers", "worker_connections", "database_connections", "anthropic_max_tokens"):
        if getattr(settings, name) < 1:
            raise BadSetting(f"{name.upper()} must be at least 1")


_current = Settings()


def use(settings: Settings) -> None:
    """Make `settings` the ones of this process. A process serves one application."""
    global _current
    _current = settings


def current() -> Settings:
    return _current


def source(name: str, environ: Mapping[str, str] | None = None) -> str:
    """Where the value of a setting comes from: environment, file (NAME_FILE) or default."""
    env, key = os.environ if environ is None else environ, name.upper()
    if key in env:
        return "environment"
    return "file" if f"{key}_FILE" in env else "default"


def _given(name: str, env: Mapping[str, str]) -> bool:
    return name.upper() in env or f"{name.upper()}_FILE" in env


def _value(name: str, spec: Any, env: Mapping[str, str]) -> Any:
    key = name.upper()
    text = env[key] if key in env else _read_file(key, env[f"{key}_FILE"])
    default = spec.default
    try:
        value = _parse(text.strip(), default)
    except ValueError as error:
        raise BadSetting(f"{key} is not a valid {type(default).__name__}") from error
    if (choices := spec.metadata["choices"]) and value not in choices:
        raise BadSetting(f"{key} must be one of: {', '.join(c or '(empty)' for c in choices)}")
    return value


def _read_file(key: str, path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{key}_FILE cannot be read: {type(error).__name__}") from error


def _is_origin(text: str) -> bool:
    """Scheme, host and port, nothing else: neither a pattern nor a path."""
    return re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", text) is not None


def _is_destination(text: str) -> bool:
    """A host with or without a port, an address or a network."""
    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return re.fullmatch(r"[a-z0-9_.-]+(:[0-9]{1,5})?|\[[0-9a-f:.]+\]:[0-9]{1,5}", text) is not None


def _is_price(value: object) -> bool:
    try:
        price = Decimal(str(value))
    except ArithmeticError:
        return False
    return price.is_finite() and price >= 0 and not isinstance(value, bool)


def _parse(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": default}[
            text.lower()
        ]
    if isinstance(default, int | float):
        number = type(default)(text) if text else default
        if not isfinite(number):
            raise ValueError("not a finite number")
        return number
    return text


def as_markdown() -> str:
    """The page docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable; `NAME_FILE` instead of `NAME` reads the value from a file.",
        "Written by `make docs` from the list in `chatapp/config.py`.",
        "",
        "| name | default | what it is |",
        "|---|---|---|",
    ]
    for spec in fields(Settings):
        default = "" if spec.name == "instance_path" else spec.default
        choices = spec.metadata["choices"]
        help_text = spec.metadata["help"] + (
            f" One of: {', '.join(c or '(empty)' for c in choices)}." if choices else ""
        )
        lines.append(f"| `{spec.name.upper()}` | {f'`{default}`' if default != '' else ''} | {help_text} |")
    return "\n".join(lines) + "\n"
