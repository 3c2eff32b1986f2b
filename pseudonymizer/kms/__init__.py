"""Keys that stay in AWS Key Management Service."""

from pseudonymizer.kms.opening import open_kms

__all__ = ["open_kms"]
