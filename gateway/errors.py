"""How does an error become an answer?  The only module that knows HTTP status codes.

One shape, RFC 9457 ``application/problem+json``, with ``code`` and ``message``
beside the standard members because the client libraries of several dialects
read those two and treat an answer without them as a network failure.  Nothing
in it repeats what the client sent.
"""

from __future__ import annotations

import msgspec

from policies.errors import ParaventError

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 2


class CredentialMissing(ParaventError):
    """No credential came with the request, or none we know."""

    code = "credential-invalid"
    remedy = "Send a valid key: Basic with the key as user name, Bearer, or the member writeKey."


class ScopeMissing(ParaventError):
    """The credential is valid but may not do this."""

    code = "scope-missing"
    remedy = "Use a key or operator token whose scopes or role include this action."


class BodyInvalid(ParaventError):
    """The body is not what this path reads."""

    code = "body-invalid"
    remedy = "Send one JSON object as the documentation of this path describes."


class BodyTooLarge(ParaventError):
    """The body is larger than the dialect allows."""

    code = "body-too-large"
    remedy = "Send at most 32 KB an event, 500 KB and 2 500 events a batch."


class PathUnknown(ParaventError):
    """There is nothing at this path."""

    code = "not-found"
    remedy = "See /openapi.json for the paths there are."


class MethodNotAllowed(ParaventError):
    """The path is there, and does not read this method."""

    code = "method-not-allowed"
    remedy = "Use a method that the header Allow names."


class HeadTooLarge(ParaventError):
    """The request line and headers are longer than any client needs."""

    code = "head-too-large"
    remedy = "Send fewer and shorter headers; what belongs to the request goes in its body."


class RequestTooLarge(ParaventError):
    """The body is larger than any question this path answers."""

    code = "request-too-large"
    remedy = "Send at most 64 KB, of a rulebook 1 MB; events go to the ingest paths."


class MediaTypeUnsupported(ParaventError):
    """The body is labelled as something this path does not read."""

    code = "media-type-unsupported"
    remedy = "Send plain JSON with Content-Type: application/json and no Content-Encoding."


class QueueFull(ParaventError):
    """More is waiting for its commit than this process may hold."""

    code = "queue-full"
    remedy = "Send again after the seconds in Retry-After."


class RateExceeded(ParaventError):
    """The source sends more events a second than one source may."""

    code = "rate-exceeded"
    remedy = "Send again after the seconds in Retry-After, or have PARAVENT_SOURCE_RATE raised."

    def __init__(self, seconds: int) -> None:
        super().__init__("This source sends faster than one source may; nothing was taken.")
        self.seconds = max(1, seconds)


class SegmentUnknown(ParaventError):
    """The rulebook in force has no such segment."""

    code = "segment-unknown"
    remedy = "List the segments with GET /v1/segments."


class ReceiptUnknown(ParaventError):
    """No consent record has this receipt, or its person was erased."""

    code = "receipt-unknown"
    remedy = "Use the receipt_id that POST /v1/consents answered; an access report lists them, too."


class NoticeUnknown(ParaventError):
    """No notice of this key was ever in force."""

    code = "notice-unknown"
    remedy = "Declare it in notices.yaml of the rulebook; GET /v1/notices lists those there are."


# Everything that is the caller's to mend, and everything worth sending again.  Any other error is
# ours: a 500, so that no client takes our fault for its own and throws its events away.
STATUS: dict[str, int] = {
    "body-invalid": 400,
    "body-too-large": 400,  # the tracking dialect says so
    "credential-invalid": 401,
    "scope-missing": 403,
    "approver-same": 403,
    "approval-missing": 403,
    "opener-other": 403,
    "not-found": 404,
    "segment-unknown": 404,
    "case-unknown": 404,
    "receipt-unknown": 404,
    "notice-unknown": 404,
    "change-unknown": 404,
    "reidentification-off": 404,
    "reidentification-unknown": 404,
    "method-not-allowed": 405,
    "case-busy": 409,
    "case-state": 409,
    "result-not-ready": 409,
    "change-decided": 409,
    "change-outdated": 409,
    "rulebook-unchanged": 409,
    "reidentification-decided": 409,
    "segment-redefined": 409,
    "notice-rewritten": 409,
    "result-expired": 410,
    "reidentification-over": 410,
    "request-too-large": 413,
    "media-type-unsupported": 415,
    "identifier-invalid": 422,
    "identifier-nobody": 422,
    "purpose-unknown": 422,
    "purpose-closed": 422,
    "domain-unknown": 422,
    "rulebook-invalid": 422,
    "rulebook-unread": 422,
    "rulebook-faulty": 422,
    "queue-full": 429,
    "rate-exceeded": 429,
    "reidentification-quota": 429,
    "head-too-large": 431,
    "store-unavailable": 503,
    "store-busy": 503,
    "pseudonyms-moved": 503,
    "vault-unavailable": 503,
    "vault-contended": 503,
    "key-unavailable": 503,
    "audit-unavailable": 503,
    "rulebook-replaced": 503,
    "rulebook-busy": 503,
    "rulebook-unreadable": 503,
    "journal-unavailable": 503,
    "journal-invalid": 503,
    "journal-missing": 503,
    "restore-unchecked": 503,
    "restore-pending": 503,
    "server-unknown": 503,
}
RETRIABLE = frozenset({429, 503})
TITLES = {
    400: "Bad request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not understood",
    429: "Too many requests",
    431: "Head too large",
    500: "Internal error",
    503: "Unavailable",
}


class Problem(msgspec.Struct, frozen=True):
    """One problem document."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    message: str
    remedy: str


def problem(error: ParaventError) -> Problem:
    """Say *error* as a problem document."""
    status = STATUS.get(error.code, 500)
    return written(status, error.code, str(error) or (type(error).__doc__ or ""), error.remedy)


def written(status: int, code: str, message: str, remedy: str) -> Problem:
    """Build a problem document from its parts."""
    title = TITLES.get(status, "Error")
    return Problem(f"urn:paravent:error:{code}", title, status, message, code, message, remedy)


def headers_of(document: Problem, *, retry_s: int = RETRY_SECONDS) -> dict[str, str]:
    """Give the headers that go with *document*: clients that retry need to know when."""
    headers = {"content-type": PROBLEM_TYPE}
    if document.status in RETRIABLE:
        headers["retry-after"] = str(retry_s)
    if document.status == 429:
        headers["x-ratelimit-reset"] = str(retry_s)
    if document.status == 401:
        headers["www-authenticate"] = "Bearer"
    return headers
