"""Which token is meant, by which module is it reached, and what shows it who asks?"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

from pseudonymizer.errors import KeyServiceInvalid
from pseudonymizer.own_file import read_own

__all__ = ["SCHEME", "TokenAddress"]

SCHEME: Final = "pkcs11:"
_NEEDED: Final = "pkcs11:token=LABEL?module-path=/PATH was needed"
_PIN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}\n?")
_WHICH: Final = {"token", "serial"}
_HOW: Final = {"module-path"}


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """A token, and the files that go with it.

    Attributes:
        module: the shared library of the token's maker.
        label: what the token is called; ``None`` means that its serial number says enough.
        serial: its serial number; ``None`` likewise.
        pin_file: read anew whenever the token is logged in to.
    """

    module: Path
    label: str | None
    serial: str | None
    pin_file: Path = field(repr=False)

    @classmethod
    def read(cls, text: str, *, pin_file: Path | None) -> Self:
        """Read a PKCS#11 URI (RFC 7512).

        Raises:
            KeyServiceInvalid: it is none, or has parts it must not; the message does not repeat it.
        """
        path, _, query = text.removeprefix(SCHEME).partition("?")
        which, how = _attributes(path, ";", _WHICH), _attributes(query, "&", _HOW)
        if not which:
            raise KeyServiceInvalid(f"the PKCS#11 URI names no token; {_NEEDED}")
        module = Path(how.get("module-path", ""))
        if not module.is_absolute():
            raise KeyServiceInvalid(f"the PKCS#11 URI names no module by its path; {_NEEDED}")
        _refuse_open_module(module)
        if pin_file is None:
            raise KeyServiceInvalid("no file with the token's PIN is named; one was needed")
        return cls(module, which.get("token"), which.get("serial"), pin_file)

    def pin(self) -> str:
        """Read the PIN.

        Raises:
            KeyFileInsecure, KeyFileInvalid: as ``read_own``; what is no PIN is not quoted.
        """
        try:
            text = read_own(self.pin_file, "PIN file").decode()
        except UnicodeDecodeError:
            text = ""
        if not _PIN.fullmatch(text):
            raise KeyServiceInvalid("the PIN file holds no PIN; a line with one was needed")
        return text.rstrip("\n")


def _attributes(text: str, between: str, known: set[str]) -> dict[str, str]:
    """Read attributes; what we do not go by is refused, above all a PIN for everybody to see."""
    found: dict[str, str] = {}
    for each in filter(None, text.split(between)):
        name, equals, value = each.partition("=")
        if name.startswith("pin-"):
            raise KeyServiceInvalid(
                "the PKCS#11 URI holds a PIN or where it is; PARAVENT_KEYS_TOKEN_FILE was needed"
            )
        if name not in known or name in found or not equals or not value:
            raise KeyServiceInvalid(f"the PKCS#11 URI has a part that is not used; {_NEEDED}")
        try:
            found[name] = unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise KeyServiceInvalid(f"the PKCS#11 URI cannot be read; {_NEEDED}") from None
    return found


def _refuse_open_module(module: Path) -> None:
    """Refuse a module that others could replace: whoever can is given the PIN."""
    try:
        mode = module.stat().st_mode
    except (OSError, ValueError):
        raise KeyServiceInvalid(
            "the PKCS#11 module cannot be opened; a library was needed"
        ) from None
    if not stat.S_ISREG(mode) or mode & 0o022:
        raise KeyServiceInvalid(
            "the PKCS#11 module is not a plain file, or open to group or others for writing;"
            " one that its owner alone may replace was needed"
        )
