"""`paravent settings`: every variable the processes read, from the classes that read them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

import typer
from pydantic import SecretStr

from gateway.addresses import PREFIX
from gateway.cli.output import Json, answer
from gateway.settings import GatewaySettings
from workers.settings import WorkersSettings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

app = typer.Typer()

READERS: dict[str, type[BaseSettings]] = {"gateway": GatewaySettings, "workers": WorkersSettings}
WORDS: dict[type, str] = {SecretStr: "secret", Path: "path", int: "number", str: "text"}
COMMAND: tuple[tuple[str, str, str], ...] = (
    ("DATA", "path", "The installation's folder, for every command that takes --data."),
    ("SECRETS", "path", "Folder of files that stand in for variables, each called like its own."),
    ("GATEWAYS", "number", "Gateway processes `paravent up` runs on its port; default 1."),
    ("OWNER_DSN", "secret", "Owner's DSN of `paravent migrate`."),
    ("GATEWAY_PASSWORD", "secret", "Password `paravent migrate` sets for paravent_gateway."),
    ("WORKERS_PASSWORD", "secret", "Password `paravent migrate` sets for paravent_workers."),
    ("AUDITOR_PASSWORD", "secret", "Password `paravent migrate` sets for paravent_auditor."),
    ("VAULT_PASSWORD", "secret", "Password `paravent migrate` sets for paravent_vault."),
)


@app.command("settings")
def settings(*, as_json: Json = False) -> None:
    """Print every PARAVENT_* variable: who reads it, its type, its default, what it is for.

    To `up`, PARAVENT_STORE_DSN and PARAVENT_VAULT_DSN name servers of your own, as a role that may
    create databases and roles; it hands each process the DSN of that process's own role.
    """
    documents = described()
    lines = []
    for each in documents:
        unset = "unset" if each["default"] is None else f"default {each['default']}"
        default = "required" if each["required"] else unset
        lines += [f"{each['name']}  ({each['type']}, {default}; read by {each['read_by']})"]
        lines += [f"    {each['description']}"]
    answer(documents, as_json=as_json, lines=lines)


def described() -> list[dict[str, Any]]:
    """Give a description of every variable, by name."""
    found = [
        _described(reader, name, field)
        for reader, settings_class in READERS.items()
        for name, field in settings_class.model_fields.items()
    ]
    found += [
        {"name": PREFIX + name, "read_by": "paravent", "type": kind, "required": False,
         "default": None, "description": text}
        for name, kind, text in COMMAND
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each["name"], each["read_by"]))


def _described(reader: str, name: str, field: FieldInfo) -> dict[str, Any]:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return {
        "name": PREFIX + name.upper(),
        "read_by": reader,
        "type": _type(field),
        "required": field.is_required(),
        "default": default if default is None or isinstance(default, int) else str(default),
        "description": field.description or "",
    }


def _type(field: FieldInfo) -> str:
    kinds = get_args(field.annotation) or (field.annotation,)
    return "|".join(_words(kind) for kind in kinds if kind is not NoneType)


def _words(kind: type) -> str:
    if issubclass(kind, Enum):
        return "|".join(str(each) for each in kind)
    return WORDS.get(kind, kind.__name__)
