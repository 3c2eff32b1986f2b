"""The whole application in this process: its lifespan on a loop of its own, requests over ASGI."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, Self, TypeVar

import httpx

Result = TypeVar("Result")


class AsgiClient:
    """A synchronous client of an ASGI application; entering it starts the application."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._run(self._client.request(method, path, **options))

    def stream(
        self, method: str, path: str, chunks: Iterable[bytes], **options: Any
    ) -> httpx.Response:
        """Send a body that does not say how long it is."""

        async def sent() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        return self._run(self._client.request(method, path, content=sent(), **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._run(self._client.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._run(self._client.post(path, **options))

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> None:
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._lifespan = asyncio.create_task(self.app(scope, self._inbox.get, self._said.put))
        await self._inbox.put({"type": "lifespan.startup"})
        said = await self._said.get()
        assert said["type"] == "lifespan.startup.complete", said
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://paravent.example")

    async def _stop(self) -> None:
        await self._client.aclose()
        await self._inbox.put({"type": "lifespan.shutdown"})
        await self._lifespan
