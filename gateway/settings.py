"""What does the gateway process read from its environment?"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from policies.errors import ParaventError
from pseudonymizer.key_opening import KeysAt

SECRETS = "PARAVENT_SECRETS"


class SettingsInvalid(ParaventError):
    """The gateway lacks a setting it needs, or cannot read one it was given."""

    code = "settings-invalid"
    remedy = "Set the named variables; `paravent settings` lists them with their types."


class Mode(StrEnum):
    """Whether development conveniences are allowed."""

    development = "development"
    production = "production"


class MetricsFor(StrEnum):
    """Who may read the counters."""

    everybody = "everybody"
    operators = "operators"


class GatewaySettings(BaseSettings):
    """Everything the gateway reads, as ``PARAVENT_<NAME>``; read once, passed down."""

    model_config = SettingsConfigDict(
        env_prefix="PARAVENT_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    store_dsn: SecretStr = Field(
        description="PostgreSQL DSN of the store database, as the role paravent_gateway."
    )
    vault_dsn: SecretStr = Field(
        description="PostgreSQL DSN of the vault database, as the role paravent_vault."
    )
    rights_dsn: SecretStr = Field(
        description="PostgreSQL DSN of the vault database, as the role paravent_gateway,"
        " which sees the schema of the rights cases only."
    )
    auditor_dsn: SecretStr | None = Field(
        default=None,
        description="PostgreSQL DSN of the store database, as the role paravent_auditor; unset"
        " leaves the reading of the audit log to another process.",
    )
    keys: Annotated[str, BeforeValidator(os.fspath)] = Field(
        description="Where the keys are: the path of a key file (development; mode 0600), or the"
        " address of a key service, https://HOST:PORT/MOUNT of a Transit engine."
    )
    keys_token_file: Path | None = Field(
        default=None,
        description="File with the key service's token; mode 0600. It is read again when the"
        " service refuses what it held.",
    )
    keys_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities that may have signed the key service's"
        " certificate; unset means those the system believes.",
    )
    policies: Path | None = Field(
        default=None, description="Folder of the rulebook; unset means the packaged web shop."
    )
    mode: Mode = Field(
        default=Mode.development,
        description="production refuses development keys, embedded servers and open secrets.",
    )
    host: str = Field(default="127.0.0.1", description="Address the gateway listens on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port; 0 takes a free one.")
    listen_fd: int | None = Field(
        default=None,
        ge=3,
        description="Number of a listening socket that was handed down, instead of host and port;"
        " `paravent up` sets it, and systemd has its own way to say the same.",
    )
    linger_s: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Seconds a stopping gateway still answers, with 503 at /readyz and Connection:"
        " close; a balancer that looks less often needs more.",
    )
    origin: str = Field(
        default="paravent.example/audit",
        description="First line of every audit checkpoint: names this installation's log.",
    )
    metrics: MetricsFor | None = Field(
        default=None,
        description="Who may read /metrics: operators, with their token, or everybody; unset means"
        " operators in production and everybody in development. The counters tell a sender whether"
        " an event of theirs was stored, and so whether its subject has objected.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="OTLP/HTTP collector that is sent spans, such as http://127.0.0.1:4318; unset"
        " sends none. Wants the extra `tracing`.",
    )
    trace_share: float = Field(
        default=1.0, ge=0, le=1, description="Share of traces that is sent, from 0 to 1."
    )
    writers: int = Field(
        default=3,
        ge=1,
        le=16,
        description="Threads that write commit groups; one connection each. One of them is always"
        " kept for small requests.",
    )
    queue_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024 * 1024,
        description="Bytes of accepted bodies waiting for a commit, half of them of any one source;"
        " beyond it the answer is 429.",
    )

    source_rate: float | None = Field(
        default=None,
        gt=0,
        description="Events a second that one source may send to one gateway process, five seconds"
        " of them at once; beyond it the answer is 429 with the seconds to wait. Unset: no limit.",
    )

    @property
    def keys_at(self) -> KeysAt:
        """Give where the keys are, with what goes with it."""
        return KeysAt(self.keys, self.keys_token_file, self.keys_ca_file)

    @property
    def metrics_open(self) -> bool:
        """Say whether the counters are read without a credential."""
        unset = MetricsFor.operators if self.mode is Mode.production else MetricsFor.everybody
        return (self.metrics or unset) is MetricsFor.everybody


def read_settings() -> GatewaySettings:
    """Read the settings: variables first, then the files of the folder ``PARAVENT_SECRETS`` names.

    A file is called like its variable in small letters and holds nothing but its value, as
    container engines and systemd hand secrets over; it shows in no list of processes.

    Raises:
        SettingsInvalid: one is missing or wrong; its value is not repeated.
    """
    folder = Path(os.environ.get(SECRETS) or os.devnull)
    try:
        return GatewaySettings(_secrets_dir=folder if folder.is_dir() else None)
    except ValidationError as error:
        names = ", ".join(f"PARAVENT_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        raise SettingsInvalid(f"Settings are missing or wrong: {names}.") from None
