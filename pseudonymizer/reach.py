"""How far does what is said under an identifier reach: one device, or a person's account?

A number, an address or a telephone names somebody who signed in or was written to; a cookie names a
browser, and whoever sits at it.  The two are never one subject, so a choice made in an account does
not change what holds on a shared device once its owner has signed out, nor the other way (R-100).
"""

from __future__ import annotations

from typing import Final

from policies.vocabulary import Scope

__all__ = ["PERSONAL", "reach"]

PERSONAL: Final = frozenset({"user_id", "email", "phone"})
"""Kinds that name a person; the others name a browser or a device."""


def reach(kind: str) -> Scope:
    """Give how far a choice reaches that is made under an identifier of this kind."""
    return Scope.ACCOUNT if kind in PERSONAL else Scope.DEVICE
