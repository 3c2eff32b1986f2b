"""Going by the rulebook in force when nothing else asks: once a second, whatever happens."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from gateway.ingest.binding import InForce

EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


async def follow(in_force: InForce) -> None:
    """Ask again and again; what keeps from it is logged when it begins."""
    failing = False
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await asyncio.to_thread(in_force.follow)
            await asyncio.to_thread(in_force.foresee)
        except Exception as error:  # noqa: BLE001  # who stops asking goes by the old one for ever
            if not failing:
                log.warning("rulebook-not-read", error=type(error).__name__)
            failing = True
        else:
            failing = False
