"""How does the story talk to the gateway?  As anybody would: over HTTP, with the public SDK."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any, Final

import httpx

from gateway.demo.shop import Visit, Visitor
from policies.errors import ParaventError

NAMESPACE: Final = uuid.UUID("5d4f0f6e-6a0b-4c53-9a3c-1d1f5f0f1843")
BATCH: Final = 100
TIMEOUT_S: Final = 60.0


class SdkMissing(ParaventError):
    """The tracking SDK the demo sends with is not installed."""

    code = "demo-sdk-missing"
    remedy = "Install the extra: pip install 'paravent[demo]'."


class RequestFailed(ParaventError):
    """The gateway answered a request of the story with an error."""

    code = "demo-request-failed"
    remedy = "See the gateway's log in the installation's folder."


def send(url: str, key: str, visitors: Sequence[Visitor]) -> int:
    """Send everything the visitors did, oldest first, and who they are; give the number of calls.

    Message ids follow from who did what when, so a second run sends the same.
    """
    try:
        from segment.analytics.client import Client  # noqa: PLC0415  # an extra
    except ImportError:
        raise SdkMissing("the Segment SDK is not installed; needed it to send events") from None
    failures: list[Exception] = []
    client = Client(
        key,
        host=url,
        gzip=True,
        upload_size=BATCH,
        max_queue_size=1_000_000,
        on_error=lambda error, _batch: failures.append(error),
    )
    acts = sorted(
        ((visit, visitor) for visitor in visitors for visit in visitor.visits),
        key=lambda act: act[0].at,
    )
    for visit, visitor in acts:
        _enqueue(client, visit, visitor)
    named = [visitor for visitor in visitors if visitor.email is not None]
    for visitor in named:
        last = visitor.visits[-1]
        client.identify(
            visitor.user_id,
            traits={"email": visitor.email},
            context=last.context,
            timestamp=last.at,
        )
    client.flush()
    client.join()
    if failures:
        raise RequestFailed(f"{len(failures)} batches were not taken; needed all of them")
    return len(acts) + len(named)


def _enqueue(client: Any, visit: Visit, visitor: Visitor) -> None:  # noqa: ANN401  # no types
    message = uuid.uuid5(NAMESPACE, f"{visitor.user_id} {visit.at.isoformat()} {visit.event}")
    shared = {"context": visit.context, "timestamp": visit.at, "message_id": str(message)}
    if visit.kind == "page":
        client.page(visitor.user_id, name=visit.event, properties=visit.properties, **shared)
    else:
        client.track(visitor.user_id, visit.event, properties=visit.properties, **shared)


class Api:
    """The reading, consent and rights interfaces, with one credential."""

    def __init__(self, url: str, credential: str) -> None:
        # trust_env: a proxy of the machine's has no business between us and ourselves.
        self._client = httpx.Client(
            base_url=url,
            headers={"authorization": f"Bearer {credential}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def get(self, path: str) -> Any:  # noqa: ANN401  # JSON is anything
        """Give the answer to a GET."""
        return self._checked(self._client.get(path))

    def post(self, path: str, document: dict[str, Any]) -> Any:  # noqa: ANN401
        """Give the answer to a POST of *document*."""
        return self._checked(self._client.post(path, json=document))

    def _checked(self, answer: httpx.Response) -> Any:  # noqa: ANN401
        if answer.is_success:
            return answer.json()
        code = json.loads(answer.content).get("code", "unknown")
        raise RequestFailed(f"the gateway answered {answer.status_code} ({code}); needed success")
