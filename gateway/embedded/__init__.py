"""The PostgreSQL and the broker that `paravent up` starts when it is given no servers."""

from __future__ import annotations

from gateway.embedded.broker import EmbeddedBroker
from gateway.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedBroker", "EmbeddedPostgres"]
