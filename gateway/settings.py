"""What does the gateway process read from its environment?"""

from __future__ import annotations

import os
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.rights.reidentification.terms import ReidentificationSettings
from policies.errors import ParaventError
from pseudonymizer.key_opening import KeysAt
from pseudonymizer.ratchet import Schedule

Settings = TypeVar("Settings", bound=BaseSettings)

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


class KeySettings(BaseSettings):
    """When a version of ``kek`` is made and when it ends, in days."""

    model_config = SettingsConfigDict(
        env_prefix="PARAVENT_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    kek_days: float = Field(
        default=7,
        ge=0,
        le=366,
        description="Days after which the wrapping key gets a new version by itself; 0: never.",
    )
    kek_window_days: float = Field(
        default=30,
        ge=0,
        le=3660,
        description="Days a version of the wrapping key outlives its use, and so a backup of the"
        " vault is good for; after that nothing that was erased opens from it.",
    )
    key_copies_days: float = Field(
        default=7,
        ge=0,
        le=3660,
        description="Days for which copies of the keys are kept: backups of the key file, or the"
        " time for which a key service takes a destruction back. Part of the date on receipts.",
    )

    @property
    def schedule(self) -> Schedule | None:
        """Give the schedule; ``None`` where versions are made by hand only."""
        if not self.kek_days:
            return None
        return Schedule(
            every=timedelta(days=self.kek_days),
            window=timedelta(days=self.kek_window_days),
            copies=timedelta(days=self.key_copies_days),
        )


class GatewaySettings(ReidentificationSettings, KeySettings):
    """Everything the gateway reads, as ``PARAVENT_<NAME>``; read once, passed down."""

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
        " address of a key service: https://HOST:PORT/MOUNT of a Transit engine,"
        " pkcs11:token=LABEL?module-path=PATH of a token, or awskms:REGION/PREFIX."
    )
    keys_token_file: Path | None = Field(
        default=None,
        description="File with the key service's token, or with the PIN of a PKCS#11 token; mode"
        " 0600. It is read again when the service refuses what it held.",
    )
    keys_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authorities that may have signed the key service's"
        " certificate; unset means those the system believes.",
    )
    erasure_journal: Path = Field(
        description="File that every erasure is written down in, apart from both databases and from"
        " their backups; all gateways share it. Without it a restored backup would bring back who"
        " was erased."
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

    quarantine_rows: int = Field(
        default=10_000,
        ge=1,
        description="Suspect events that may wait for the data protection officer at once; beyond"
        " it they are dropped and counted.",
    )
    quarantine_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1024,
        description="Bytes that may be sealed in those that wait.",
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
    return _read(GatewaySettings)


def read_schedule() -> KeySettings:
    """Read the schedule of the wrapping key.

    Raises:
        SettingsInvalid: a part of it is wrong.
    """
    return _read(KeySettings)


def read_terms() -> ReidentificationSettings:
    """Read whether and on which terms operators may re-identify somebody.

    Raises:
        SettingsInvalid: a part of it is wrong.
    """
    return _read(ReidentificationSettings)


def _read(settings: type[Settings]) -> Settings:
    folder = Path(os.environ.get(SECRETS) or os.devnull)
    try:
        return settings(_secrets_dir=folder if folder.is_dir() else None)
    except ValidationError as error:
        names = ", ".join(f"PARAVENT_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        raise SettingsInvalid(f"Settings are missing or wrong: {names}.") from None
