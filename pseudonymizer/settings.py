"""What does the identified side read from its environment?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["VaultSettings"]


class VaultSettings(BaseSettings):
    """The vault's address and the keys, as ``PARAVENT_<NAME>``; the gateway alone builds it."""

    model_config = SettingsConfigDict(
        env_prefix="PARAVENT_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    vault_dsn: SecretStr
    """DSN of the database ``vault``, as role ``paravent_vault``."""

    keys: Path
    """The key file of development; production mode refuses it."""

    mode: Literal["development", "production"] = "development"

    vault_pool_size: Annotated[int, Field(ge=1, le=64)] = 4

    vault_cache_seconds: Annotated[float, Field(ge=0, le=60)] = 60
    """How long a pseudonym stays in memory; R-47 allows a minute at most."""

    vault_cache_size: Annotated[int, Field(ge=0, le=2_000_000)] = 200_000
    """Pseudonym sets held; at about 400 bytes each, 80 MB when full."""
