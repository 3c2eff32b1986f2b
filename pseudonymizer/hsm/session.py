"""How is a PKCS#11 token spoken to, and what do its refusals mean?

The wrapper initialises a module without locks (``C_Initialize(NULL)``), which tells the module that
one thread alone will call it.  So every call of a module, of whatever token, is made by one thread
of ours: a pool of sessions would be faster on some hardware, and would corrupt memory on other.
That thread is also what lets us stop waiting for a token that does not answer.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pkcs11
from pkcs11 import exceptions as faults

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.hsm.address import TokenAddress
from pseudonymizer.key_calls import Calls
from pseudonymizer.key_service import Refused

__all__ = ["SESSION_FAULTS", "Token"]

PATIENCE_S: Final = 2.5  # as for a key service: half of who waits for it (gateway.wiring)

Answer = TypeVar("Answer")

_NEEDED: Final = {
    pkcs11.Mechanism.SHA256_HMAC,
    pkcs11.Mechanism.GENERIC_SECRET_KEY_GEN,
    pkcs11.Mechanism.AES_GCM,
    pkcs11.Mechanism.AES_KEY_GEN,
    pkcs11.Mechanism.EDDSA,
    pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
}
_PIN_FAULTS: Final = (
    faults.PinIncorrect,
    faults.PinInvalid,
    faults.PinLenRange,
    faults.PinLocked,
    faults.PinExpired,
    faults.UserPinNotInitialized,
)
SESSION_FAULTS: Final = (
    faults.SessionHandleInvalid,
    faults.SessionClosed,
    faults.UserNotLoggedIn,
    faults.DeviceRemoved,
    faults.TokenNotPresent,
    faults.ObjectHandleInvalid,
    faults.KeyHandleInvalid,
)
"""What an old session can be refused by, and a new one perhaps not: one is tried."""


class _Module:
    """A loaded module, and the one thread that calls it.

    PKCS#11 keeps its state for the whole process, so this is as global as the thing it stands for.

    Attributes:
        epoch: counts how often it was initialised; no session outlives that, and the numbers of
            sessions are dealt again, so an old one could be somebody else's.
        failed: whether it failed at something since then; it is begun anew before it is next used.
    """

    _loaded: dict[str, _Module] = {}  # noqa: RUF012 -- one per process, as the docstring says
    _loading = threading.Lock()

    def __init__(self, path: str) -> None:
        self.calls = Calls(threads=1, patience_s=PATIENCE_S)
        self.path = path
        self.epoch = 0
        self.failed = False
        self.library: Any = None

    @classmethod
    def at(cls, path: str) -> _Module:
        """Give the module at *path*, the same for everybody in this process."""
        with cls._loading:
            if path not in cls._loaded:
                cls._loaded[path] = cls(path)
            return cls._loaded[path]

    def find(self, address: TokenAddress) -> Any:  # noqa: ANN401 -- the wrapper's types are its own
        """Find a token; one that was put in since the module was initialised, too."""
        if self.library is None:
            self.library = pkcs11.lib(self.path)
        if not self.failed:
            with contextlib.suppress(faults.NoSuchToken):
                return self._token(address)
        self.failed = False
        self.epoch += 1
        self.library.reinitialize()
        return self._token(address)

    def _token(self, address: TokenAddress) -> Any:  # noqa: ANN401
        serial = None if address.serial is None else address.serial.encode()
        return self.library.get_token(token_label=address.label, token_serial=serial)


class Token:
    """One token, asked from any thread."""

    def __init__(self, address: TokenAddress) -> None:
        self._address = address
        self._module = _Module.at(str(address.module))
        self._session: Any = None
        self._epoch = 0
        self._refused_pin = ""
        self._opened: int = 0

    @property
    def opened(self) -> int:
        """How often a session was opened: what was found in an earlier one is of no use now."""
        return self._opened

    def ask(self, do: Callable[[Any], Answer], *, turns: int = 1) -> Answer:
        """Have *do* use a session that is logged in.

        Raises:
            Refused: the token will not do it.
            KeyUnavailable: it does not answer, or not to us.
        """
        return self._module.calls.all((lambda: self._done(do),), turns=turns)[0]

    def close(self) -> None:
        """Log out."""
        with contextlib.suppress(KeyUnavailable):
            self._module.calls.one(self._drop)

    def _done(self, do: Callable[[Any], Answer]) -> Answer:
        failure: Exception
        try:
            had_one = self._session is not None and self._epoch == self._module.epoch
            try:
                return do(self._current())
            except SESSION_FAULTS:
                self._drop()
                if not had_one:
                    raise
            return do(self._current())
        except pkcs11.PKCS11Error as error:
            failure = self._said(error)
        # Raised here and not above, so that the library's exception is not even its context.
        raise failure

    def _current(self) -> Any:  # noqa: ANN401
        """Give the session, which is opened where there is none."""
        if self._session is None or self._epoch != self._module.epoch:
            self._session = None
            pin = self._address.pin()
            if pin == self._refused_pin:
                # Each try counts, and after a few the token locks itself for everybody.
                raise KeyUnavailable("the token refused this PIN before; another one was needed")
            # Of a module that has been logged in to before some still go by the PIN of then.
            self._module.failed |= self._opened > 0
            token = self._module.find(self._address)
            if _NEEDED - set(token.slot.get_mechanisms()):
                raise KeyServiceInvalid(
                    "the token lacks a mechanism: CKM_SHA256_HMAC, CKM_AES_GCM, CKM_EDDSA and what"
                    " makes their keys were needed"
                )
            self._session = self._logged_in(token, pin)
            self._epoch = self._module.epoch
            self._opened += 1
        return self._session

    def _logged_in(self, token: Any, pin: str) -> Any:  # noqa: ANN401
        try:
            return token.open(rw=True, user_pin=pin)
        except faults.UserAlreadyLoggedIn:
            return token.open(rw=True)  # by another opening in this process
        except _PIN_FAULTS:
            self._refused_pin = pin
            raise

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None and self._epoch == self._module.epoch:
            with contextlib.suppress(pkcs11.PKCS11Error):
                session.close()

    def _said(self, error: pkcs11.PKCS11Error) -> Exception:
        """Give what a fault of the wrapper's means; its own text goes no further."""
        if isinstance(error, _PIN_FAULTS):
            return KeyUnavailable("the token refuses the PIN; the user's, not locked, was needed")
        if isinstance(error, faults.NoSuchToken | faults.MultipleTokensReturned):
            return KeyUnavailable("not one token is as the URI says; exactly one was needed")
        if isinstance(error, faults.ObjectHandleInvalid | faults.KeyHandleInvalid):
            return Refused()
        # Whatever it was, the next question is put to a module that has begun anew.
        self._module.failed = True
        self._session = None
        return KeyUnavailable("the token fails at what it was asked for; a result was needed")
