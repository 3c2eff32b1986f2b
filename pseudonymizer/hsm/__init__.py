"""Keys that stay in a PKCS#11 token: a hardware security module, or SoftHSM."""

from pseudonymizer.hsm.opening import open_token

__all__ = ["open_token"]
