"""Keys that stay in a key service: the Transit engine of OpenBao or HashiCorp Vault."""

from pseudonymizer.transit.provider import TransitKeyProvider

__all__ = ["TransitKeyProvider"]
