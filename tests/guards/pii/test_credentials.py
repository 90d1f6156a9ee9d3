"""Credentials are found by the mark of their issuer, by where they stand and by what they are called."""

from __future__ import annotations

import json
import string

import pytest

from chatapp.guards.pii import Type, find, mask, severity
from chatapp.values import Severity
from tests.guards.pii.samples import HEX, PRIVATE_KEY, PUTTY_KEY, body

UPPER = string.ascii_uppercase + string.digits


def found(text: str) -> list[tuple[str, str]]:
    return [(span.category, text[span.start : span.end]) for span in find(text)]


MARKED = {
    "pii_aws_access_key": ["AKI" + "A" + body(16, UPPER)],
    "pii_gcp_api_key": ["AIz" + "a" + body(35)],
    "pii_github_token": ["gh" + "p_" + body(36), "github_" + "pat_" + body(22) + "_" + body(59)],
    "pii_gitlab_pat": ["glp" + "at-" + body(20)],
    "pii_slack_token": ["xox" + "b-" + body(12, string.digits) + "-" + body(24)],
    "pii_stripe_key": ["sk_" + "live_" + body(24), "rk_" + "test_" + body(24)],
    "pii_sendgrid_key": ["S" + "G." + body(22) + "." + body(43)],
    "pii_slack_webhook": [
        "https://hooks.slack.com/" + "services/T" + body(8, UPPER) + "/B" + body(8, UPPER) + "/" + body(24)
    ],
    "pii_jwt": ["ey" + "J" + body(20) + "." + "ey" + "J" + body(30) + "." + body(43)],
    "pii_service_token": [
        "sk-" + "ant-api03-" + body(90),
        "h" + "f_" + body(34, string.ascii_letters),
        "np" + "m_" + body(36),
        "pyp" + "i-" + body(80),
        "hv" + "s." + body(24),
        "dckr_" + "pat_" + body(27),
        "dop_" + "v1_" + body(64, HEX),
        "gl" + "sa_" + body(32) + "_" + body(8, HEX),
        "123456789:" + "AA" + body(33),
    ],
}


@pytest.mark.parametrize(("category", "token"), [(key, token) for key, tokens in MARKED.items() for token in tokens])
@pytest.mark.parametrize("carrier", ["{}", "is `{}` still valid?", 'token: "{}"', "export KEY={}\nDEBUG=1"])
def test_tokens_with_a_mark_are_found_whole(category: str, token: str, carrier: str) -> None:
    assert found(carrier.format(token)) == [(category, token)]


def test_a_token_is_found_in_the_query_of_an_address() -> None:
    (token,) = MARKED["pii_gcp_api_key"]
    assert found(f"https://maps.host.ee/api?size=4&q={token}&zoom=2") == [("pii_gcp_api_key", token)]


def test_a_private_key_is_found_from_its_first_to_its_last_line() -> None:
    assert found(f"my key:\n{PRIVATE_KEY}\nthanks") == [("pii_private_key", PRIVATE_KEY)]


def test_a_private_key_without_an_end_is_found_as_far_as_it_goes() -> None:
    text = PRIVATE_KEY.rpartition("\n")[0] + "\nWhat is wrong with it?"
    assert mask(text, find(text)) == "[pii_private_key_REDACTED]\nWhat is wrong with it?"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n    ", "\n> "])
def test_a_putty_key_is_found_from_its_first_to_its_last_line(line_break: str) -> None:
    key = PUTTY_KEY.replace("\n", line_break)
    assert found(f"my key:\n{key}\nthanks") == [("pii_private_key", key)]


def test_a_putty_key_in_a_string_of_a_program_is_found() -> None:
    text = json.dumps({"key": PUTTY_KEY, "name": "backup"})
    assert mask(text, find(text)) == '{"key": "[pii_private_key_REDACTED]", "name": "backup"}'


def test_of_a_putty_key_that_is_only_named_the_sentence_stays() -> None:
    text = "A file of PuTTY begins with PuTTY-User-Key-File-2: ssh-rsa and then come headers."
    assert mask(text, find(text)).endswith("_REDACTED] and then come headers.")


def test_a_public_key_is_none() -> None:
    assert find("-----BEGIN PUBLIC KEY-----\n" + body(64) + "\n-----END PUBLIC KEY-----") == []
    assert find("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" + body(48) + " user key (public)") == []


SECRET = "kT7#" + body(8)


@pytest.mark.parametrize(
    "text",
    [
        f"my password is {SECRET}",
        f"salasana: {SECRET}",
        f"parool: {SECRET}",
        f"пароль: {SECRET}",
        f"mot de passe : {SECRET}",
        f"Mein Passwort lautet {SECRET}",
        f"I set the root password to {SECRET} and now ssh fails",
        f'"db_password": "{SECRET}",',
        f"PGPASSWORD={SECRET} psql",
        f"user:master,pwd:{SECRET}",
        f"<password>{SECRET}</password>",
        f'new NetworkCredential("user", "{SECRET}")',
        f"psexec \\\\host -u admin -p {SECRET} cmd",
        f"curl -u admin:{SECRET} https://host.ee",
        f"machine host.ee login me password {SECRET}",
        f"密码: {SECRET}",
    ],
)
def test_a_password_is_found_by_its_name(text: str) -> None:
    assert found(text) == [("pii_password_context", SECRET)]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("postgresql://app:{}@db.host.ee:5432/app", "pii_database_url"),
        ("https://deploy:{}@repo.host.ee/team.git", "pii_url_password"),
        ("Authorization: Bearer {}", "pii_bearer_token"),
        ("api_key={}", "pii_generic_api_key"),
        ("X-Api-Key: {}", "pii_generic_api_key"),
        ("acmevendor SECRET TOKEN {}", "pii_password_context"),
        ("client_secret: '{}'", "pii_password_context"),
        ("const key = '{}';", "pii_generic_api_key"),
    ],
)
def test_a_generated_key_is_found_by_where_it_stands(text: str, category: str) -> None:
    key = body(32)
    assert found(text.format(key)) == [(category, key)]


def test_a_secret_key_of_aws_is_found_by_its_name_and_length() -> None:
    key = body(40, string.ascii_letters + string.digits + "/+")
    assert found(f"aws_secret_access_key = {key}") == [("pii_aws_secret_key", key)]


def test_a_generated_key_without_a_name_is_found() -> None:
    key = body(48)
    assert found(f"it printed {key} and stopped") == [("pii_generic_api_key", key)]


@pytest.mark.parametrize(
    "text",
    [
        "password: ********",
        "password=${DB_PASSWORD}",
        "Bearer <token>",
        "token: your-token-here",
        'api_key = os.getenv("API_KEY")',
        "postgresql://user:password@localhost/db",
        "the password is required",
        "Password must contain 8 characters",
        "my token limit is 128000 tokens",
        "kubectl get secret my-app-secret-7f9c8 -n default",
        "def test_login_returns_401_when_password_is_wrong(client):",
        "sorted(items, key=lambda item: item[1])",
        "author: Johnson2024a",
        "request id req_" + body(24),
        "sha256:" + body(64, HEX),
        "sha512-" + body(86),
        "pod web-4a440e89-NW8ql crashed",
        "Which of the 98 keys is mine?",
    ],
)
def test_placeholders_code_and_names_are_no_credentials(text: str) -> None:
    assert [span for span in find(text) if span.type is Type.CREDENTIAL] == []


def test_two_credentials_of_a_line_are_both_found() -> None:
    first, second = body(32), body(33)
    assert [value for _, value in found(f"api_key={first}&access_token={second}")] == [first, second]


def test_a_credential_blocks() -> None:
    assert severity(find(PRIVATE_KEY)) is Severity.CRITICAL
