"""How does a signer get a new version, and what is left of an old one?

The old version signs the new one's public key, and an entry of the audit log says so: whoever kept
the old key finds the new one there, and trusts it for that signature.  A private half that was
destroyed signs nothing more; its public half stays for what it signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from policies.audit.handover import ACTION
from pseudonymizer.errors import KeyInUse, KeyUnknown
from pseudonymizer.keyring import Keyring
from pseudonymizer.vault import rotate as rotating
from pseudonymizer.vault import signers


def rotate(vault: Engine, keyring: Keyring, name: str) -> int:
    """Make a new version, have the one before vouch for it, and put it in use; give its number."""
    version = rotating.newer(keyring, name, rotating.in_use(vault, name))
    signers.hand_over(vault, keyring, name, version)
    return version


def announce(vault: Engine, name: str, audit: Callable[[str, Mapping[str, str]], int]) -> int:
    """Write into the audit log who took over, where it does not say so yet; give how many.

    After the new version is in use, never before: no checkpoint by the old one is of a log that
    holds this entry, by which a checker tells what is signed by a key whose time was over.
    """
    done = 0
    while signers.announce_next(vault, name, lambda said, by: audit(ACTION, said.fields(by))):
        done += 1
    return done


def destroy(vault: Engine, keyring: Keyring, name: str, version: int) -> None:
    """Destroy the private half of a version for good.

    Raises:
        KeyUnknown: there is no such version.
        KeyInUse: it signs, or the audit log does not say yet who took over.
    """
    keyring.reload()
    if not keyring.is_left(name, version):
        raise KeyUnknown(
            "no such version is left; one that `paravent keys status` lists was needed"
        )
    if version >= rotating.in_use(vault, name):
        raise KeyInUse("the version is in use; an older one was needed")
    if signers.unannounced(vault, name):
        raise KeyInUse("the audit log does not say yet who took over; `keys move` was needed")
    keyring.provider.destroy_version(name, version)
