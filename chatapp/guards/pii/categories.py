"""What kinds of personal data and credentials there are, and what each asks for (waldur-chat-api section 7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chatapp.values import Action


class Type(StrEnum):
    """The coarse kind of a match, as it is measured."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    IBAN = "IBAN"
    CREDIT_CARD = "CREDIT_CARD"
    NATIONAL_ID = "NATIONAL_ID"
    CREDENTIAL = "CREDENTIAL"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Category:
    """One key of the wire contract: its coarse type, the action it asks for and its name for people."""

    type: Type
    tier: Action
    label: str


def _credential(label: str, tier: Action = Action.BLOCK) -> Category:
    return Category(Type.CREDENTIAL, tier, label)


def _national_id(label: str) -> Category:
    return Category(Type.NATIONAL_ID, Action.REDACT, label)


CATEGORIES: dict[str, Category] = {
    "pii_private_key": _credential("private key"),
    "pii_aws_access_key": _credential("AWS access key"),
    "pii_aws_secret_key": _credential("AWS secret key"),
    "pii_gcp_api_key": _credential("Google Cloud API key"),
    "pii_azure_key": _credential("Azure key"),
    "pii_github_token": _credential("GitHub token"),
    "pii_gitlab_pat": _credential("GitLab access token"),
    "pii_slack_token": _credential("Slack token"),
    "pii_stripe_key": _credential("Stripe key"),
    "pii_database_url": _credential("database address with a password"),
    "pii_password_context": _credential("password"),
    "pii_sendgrid_key": _credential("SendGrid key"),
    "pii_slack_webhook": _credential("Slack webhook"),
    "pii_service_token": _credential("access token of a service"),
    "pii_webhook": _credential("webhook address"),
    "pii_url_password": _credential("web address with a password"),
    "pii_jwt": _credential("JSON web token", Action.WARN),
    "pii_bearer_token": _credential("bearer token", Action.WARN),
    "pii_generic_api_key": _credential("API key", Action.WARN),
    "pii_estonian_id": _national_id("Estonian personal code"),
    "pii_italy_codice_fiscale": _national_id("Italian tax code"),
    "pii_france_nir": _national_id("French social security number"),
    "pii_finland_hetu": _national_id("Finnish personal identity code"),
    "pii_spain_dni": _national_id("Spanish identity number"),
    "pii_spain_nie": _national_id("Spanish foreigner's number"),
    "pii_poland_pesel": _national_id("Polish PESEL number"),
    "pii_germany_steuer_id": _national_id("German tax identification number"),
    "pii_czech_birth_number": _national_id("Czech or Slovak birth number"),
    "pii_netherlands_bsn": _national_id("Dutch citizen service number"),
    "pii_sweden_personnummer": _national_id("Swedish personal identity number"),
    "pii_us_ssn": _national_id("US social security number"),
    "pii_national_id": _national_id("national identity number"),
    "pii_iban_estonian": Category(Type.IBAN, Action.REDACT, "Estonian IBAN"),
    "pii_iban_general": Category(Type.IBAN, Action.REDACT, "IBAN"),
    "pii_credit_card": Category(Type.CREDIT_CARD, Action.REDACT, "payment card number"),
    "pii_phone_estonian": Category(Type.PHONE, Action.REDACT, "Estonian phone number"),
    "pii_phone_e164": Category(Type.PHONE, Action.REDACT, "international phone number"),
    "pii_phone_national": Category(Type.PHONE, Action.REDACT, "phone number"),
    "pii_email": Category(Type.EMAIL, Action.WARN, "e-mail address"),
    "pii_eu_vat": Category(Type.OTHER, Action.WARN, "VAT number"),
}
