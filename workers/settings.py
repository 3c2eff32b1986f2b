"""What does a worker process read from its environment?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.errors import SettingsRefused

SECRETS = "PARAVENT_SECRETS"  # a folder of files, each called like its variable
FORBIDDEN = ("PARAVENT_VAULT", "PARAVENT_KEY", "PARAVENT_RIGHTS")


class WorkersSettings(BaseSettings):
    """Everything a worker, relay or beat reads, as ``PARAVENT_<NAME>``.

    There is no field for the vault and none for a key, so neither has anywhere to land.
    """

    model_config = SettingsConfigDict(
        env_prefix="PARAVENT_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    store_dsn: SecretStr = Field(
        description="PostgreSQL DSN of the store database, as the role paravent_workers."
    )
    broker_url: SecretStr = Field(
        description="Celery broker: redis://… (Redis, Valkey) or amqp://… (RabbitMQ)."
    )
    policies: Path | None = Field(
        default=None, description="Folder of the rulebook; unset means the packaged web shop."
    )
    worker_concurrency: int = Field(
        default=2, ge=1, le=64, description="Processes that run tasks; each has one connection."
    )
    queue: str = Field(
        default="paravent",
        pattern=r"^[a-z0-9_.-]{1,64}$",
        description="Queue of the tasks; a broker shared by installations needs one for each.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port at which this process serves its own /metrics; unset serves none. Under"
        " `paravent up` the gateway's /metrics holds what every process counts.",
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        description="Address of that port; whoever reaches it reads the counters.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="OTLP/HTTP collector that is sent a span a task; unset sends none.",
    )
    trace_share: float = Field(
        default=1.0, ge=0, le=1, description="Share of traces that is sent, from 0 to 1."
    )
    visibility_s: int = Field(
        default=120,
        ge=60,  # twice the longest a task works (TASK_BUDGET_S); less would run tasks twice
        description="Seconds after which Redis hands a task of a lost worker to another one.",
    )


def read_settings(environment: Mapping[str, str] = os.environ) -> WorkersSettings:
    """Read the settings of this process; refuse to hold what a worker must not have.

    Variables come first, then the files of the folder that ``PARAVENT_SECRETS`` names.

    Raises:
        SettingsRefused: one of them names the vault or a key, or a setting is missing.
    """
    folder = Path(environment.get(SECRETS) or os.devnull)
    files = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    given = [*environment, *files]
    found = sorted(name for name in given if name.upper().startswith(FORBIDDEN))
    if found:
        raise SettingsRefused(
            f"a worker was given {', '.join(found)}; it may hold neither the vault's DSN nor keys"
        )
    try:
        return WorkersSettings(_secrets_dir=folder if files else None)
    except ValidationError as error:
        names = ", ".join(f"PARAVENT_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        raise SettingsRefused(f"settings are missing or wrong: {names}") from None
