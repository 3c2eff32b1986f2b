"""The OpenAPI of the ingest paths, written by hand beside the callable that serves them."""

from __future__ import annotations

from typing import Any, Final

from gateway.consent.tcf import MAX_CHARACTERS
from gateway.ingest.dialects import segment
from gateway.openapi import BY_SOURCE, problems

_TEXT: Final = {"type": ["string", "null"]}
_IDENTIFIER: Final = {"type": ["string", "integer", "null"]}
_INSTANT: Final = {"type": ["string", "null"], "format": "date-time"}
_OBJECT: Final = {"type": ["object", "null"]}
_CONTEXT: Final = {
    "type": ["object", "null"],
    "properties": {
        "consent": {
            "type": ["object", "null"],
            "properties": {
                "categoryPreferences": {
                    "type": "object",
                    "additionalProperties": {"type": "boolean"},
                },
                "googleConsentMode": {
                    "type": "object",
                    "additionalProperties": {"type": "string", "enum": ["granted", "denied"]},
                },
                "tcString": {"type": "string", "maxLength": MAX_CHARACTERS},
                "gpc": {"type": "boolean"},
            },
        },
        "consentManagement": {
            "type": ["object", "null"],
            "properties": {
                member: {"type": "array", "items": {"type": "string"}}
                for member in ("allowedConsentIds", "deniedConsentIds")
            },
        },
        **dict.fromkeys(("page", "campaign", "device", "traits"), _OBJECT),
        **dict.fromkeys(("userAgent", "ip", "locale"), _TEXT),
    },
}
# What is read of an event; any other member is skipped.
_EVENT: Final = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": sorted(set(segment.KINDS.values()))},
        **dict.fromkeys(("userId", "anonymousId", "previousId", "groupId"), _IDENTIFIER),
        **dict.fromkeys(("event", "name", "category", "writeKey"), _TEXT),
        "messageId": {**_TEXT, "maxLength": segment.MAX_MESSAGE_ID},
        **dict.fromkeys(("timestamp", "originalTimestamp", "sentAt"), _INSTANT),
        **dict.fromkeys(("properties", "traits"), _OBJECT),
        "context": _CONTEXT,
    },
}
_BATCH: Final = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "maxItems": segment.MAX_BATCH_EVENTS, "items": _EVENT},
        "sentAt": _INSTANT,
        "context": _CONTEXT,
        "writeKey": _TEXT,
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
