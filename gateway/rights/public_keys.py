"""Which keys do our signatures verify under?  Read once a minute, whoever asks how often."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pseudonymizer.vault.signers import SignerKey

REMEMBER_S: Final = 60.0

Document = dict[str, Any]


@dataclass(slots=True)
class PublicKeys:
    """Every public key there ever was of each signer, with how it was vouched for."""

    read: Callable[[], Sequence[SignerKey]]
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float = 0.0
    _document: Document = field(default_factory=dict)

    def document(self) -> Document:
        """Give the list: of each signer oldest first; ``until`` is null for what signs now."""
        with self._lock:
            if self.clock() >= self._until or not self._document:
                keys: dict[str, list[Document]] = {}
                for each in self.read():
                    keys.setdefault(each.name, []).append(_entry(each))
                self._document = {"keys": dict(sorted(keys.items()))}
                self._until = self.clock() + REMEMBER_S
            return self._document


def _entry(key: SignerKey) -> Document:
    return {
        "version": key.version,
        "algorithm": "Ed25519",
        "public_key": base64.b64encode(key.public_key).decode(),
        "since": key.since.isoformat(),
        "until": None if key.until is None else key.until.isoformat(),
        "signed_by_previous": None
        if key.handover is None
        else base64.b64encode(key.handover).decode(),
    }
