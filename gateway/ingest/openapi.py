"""The OpenAPI of the ingest paths, written by hand beside the callable that serves them."""

from __future__ import annotations

from typing import Any, Final

from gateway.ingest.dialects import segment
from gateway.openapi import BY_SOURCE, problems

_EVENT: Final = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": sorted(set(segment.KINDS.values()))},
        "userId": {"type": ["string", "integer", "null"]},
        "anonymousId": {"type": ["string", "integer", "null"]},
        "previousId": {"type": ["string", "integer", "null"]},
        "event": {"type": ["string", "null"]},
        "messageId": {"type": ["string", "null"], "maxLength": segment.MAX_MESSAGE_ID},
        "timestamp": {"type": ["string", "null"], "format": "date-time"},
        "sentAt": {"type": ["string", "null"], "format": "date-time"},
        "properties": {"type": ["object", "null"]},
        "traits": {"type": ["object", "null"]},
        "context": {
            "type": ["object", "null"],
            "properties": {
                "consent": {
                    "type": ["object", "null"],
                    "properties": {
                        "categoryPreferences": {
                            "type": "object",
                            "additionalProperties": {"type": "boolean"},
                        }
                    },
                }
            },
        },
        "writeKey": {"type": ["string", "null"]},
    },
}
_BATCH: Final = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "maxItems": segment.MAX_BATCH_EVENTS, "items": _EVENT},
        "sentAt": {"type": ["string", "null"], "format": "date-time"},
        "context": {"type": ["object", "null"]},
        "writeKey": {"type": ["string", "null"]},
    },
}


REFUSALS: Final = (400, 401, 403, 429, 503)


def _path(call: str) -> dict[str, Any]:
    batch = call in segment.BATCHES
    operation: dict[str, Any] = {
        "tags": ["ingest"],
        "summary": "Send events, Segment dialect" if batch else "Send one event, Segment dialect",
        "description": (
            "Answered after the commit. A refused event is counted with its reason and does not"
            " fail its neighbours; the answer does not tell which, because that would tell who"
            " objected. The key may also come as the member `writeKey`; where Basic carries one,"
            " that one counts. Content-Type is not looked at; Content-Encoding may be gzip."
        ),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _BATCH if batch else _EVENT}},
        },
        "responses": {
            "200": {
                "description": "Taken; what could be stored is committed.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["success"],
                            "properties": {"success": {"const": True}},
                        }
                    }
                },
            },
            **{str(status): said for status, said in problems(*REFUSALS).items()},
        },
        "security": BY_SOURCE,
        "operationId": f"ingest_{call}",
    }
    return {"post": operation}


INGEST_PATHS: Final = {f"/v1/{call}": _path(call) for call in (*segment.KINDS, *segment.BATCHES)}
