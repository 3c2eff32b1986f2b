"""Ending re-identifications whose time box is over, when nothing else looks at them."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from gateway.rights.reidentification.service import Reidentifications

EVERY_S: Final = 10.0

log = structlog.get_logger(__name__)


async def keep_time(reidentifications: Reidentifications) -> None:
    """Look again and again; what keeps from it is logged when it begins."""
    failing = False
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await asyncio.to_thread(reidentifications.expire)
        except Exception as error:  # noqa: BLE001  # one that failed is looked for again
            if not failing:
                log.warning("reidentifications-not-ended", error=type(error).__name__)
            failing = True
        else:
            failing = False
