"""Settings: documented, read once, refused with a reason that gives nothing away."""

from __future__ import annotations

import stat
from dataclasses import Field, fields
from pathlib import Path

import pytest

from chatapp import config
from chatapp.config import BadSetting, Settings

SECRET = "s3cr3t-value"
ALL = fields(Settings)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_every_setting_is_documented(spec: Field[object]) -> None:
    assert spec.metadata["help"].strip().endswith(".")
    assert "secret" in spec.metadata and "choices" in spec.metadata


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_every_default_is_valid(spec: Field[object]) -> None:
    assert not spec.metadata["choices"] or spec.default in spec.metadata["choices"]


def test_what_may_open_a_door_is_marked_secret() -> None:
    secret = {spec.name for spec in ALL if spec.metadata["secret"]}
    assert {"secret_key", "anthropic_api_key", "database_url", "redis_url"} <= secret


def test_nothing_set_is_the_defaults() -> None:
    assert config.load({}) == Settings()


def test_settings_come_from_the_environment() -> None:
    settings = config.load({"PORT": " 9000 ", "OFFLINE_PACE": "0.5", "SITE_NAME": "Acme", "WORKER_CLASS": "gthread"})
    assert (settings.port, settings.offline_pace, settings.site_name) == (9000, 0.5, "Acme")
    assert settings.worker_class == "gthread"


def test_an_empty_number_is_the_default() -> None:
    assert config.load({"PORT": ""}).port == Settings().port


def test_a_setting_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{SECRET}\n")
    assert config.load({"ANTHROPIC_API_KEY_FILE": str(path)}).anthropic_api_key == SECRET
    both = config.load({"ANTHROPIC_API_KEY_FILE": str(path), "ANTHROPIC_API_KEY": "direct"})
    assert both.anthropic_api_key == "direct"


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"PORT": SECRET}, "PORT"),
        ({"TITLE_WAIT": SECRET}, "TITLE_WAIT"),
        ({"WORKER_CLASS": SECRET}, "WORKER_CLASS"),
        ({"LOG_LEVEL": SECRET}, "LOG_LEVEL"),
        ({"PROVIDER": SECRET}, "PROVIDER"),
        ({"MODEL_PRICES": SECRET}, "MODEL_PRICES"),
        ({"MODEL_PRICES": f'["{SECRET}"]'}, "MODEL_PRICES"),
        ({"MODEL_PRICES": f'{{"m": "{SECRET}"}}'}, "MODEL_PRICES"),
        ({"SECRET_KEY_FILE": f"/nowhere/{SECRET}"}, "SECRET_KEY_FILE"),
    ],
)
def test_a_bad_value_is_named_and_not_repeated(environ: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named) as refusal:
        config.load(environ)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d"])
def test_a_postgresql_url_means_the_driver_that_is_installed(url: str) -> None:
    settings = config.load({"DATABASE_URL": url})
    assert settings.database == "postgresql+psycopg://u@h/d"
    assert not settings.uses_sqlite


def test_without_a_url_the_store_is_a_file_in_the_instance_folder() -> None:
    settings = config.load({"INSTANCE_PATH": "/srv/chat"})
    assert settings.database == "sqlite:////srv/chat/chatapp.db"
    assert settings.uses_sqlite


@pytest.mark.parametrize(
    ("environ", "provider"),
    [
        ({}, "offline"),
        ({"ANTHROPIC_API_KEY": SECRET}, "anthropic"),
        ({"ANTHROPIC_API_KEY": SECRET, "PROVIDER": "none"}, "none"),
        ({"ANTHROPIC_API_KEY": SECRET, "PROVIDER": "offline"}, "offline"),
    ],
)
def test_a_key_chooses_the_provider(environ: dict[str, str], provider: str) -> None:
    assert config.load(environ).provider_in_force == provider


def test_the_signing_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    settings = config.load({"INSTANCE_PATH": str(tmp_path / "new")})
    key = settings.signing_key()
    assert len(key) == 64
    assert settings.signing_key() == key
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600
    assert config.load({"SECRET_KEY": SECRET}).signing_key() == SECRET


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({}, "default"),
        ({"PORT": "8000"}, "environment"),
        ({"PORT_FILE": "/p"}, "file"),
        ({"PORT": "", "PORT_FILE": "/p"}, "environment"),
    ],
)
def test_a_setting_knows_where_it_comes_from(environ: dict[str, str], source: str) -> None:
    assert config.source("port", environ) == source
