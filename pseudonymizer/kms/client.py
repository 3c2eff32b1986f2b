"""How is AWS KMS asked, and what do its refusals mean?

One request is one journey with an end: the SDK repeats nothing.  It takes no proxy, no endpoint and
no certificates from the environment, and no credentials from variables; the machine or the
container is asked for some only where the address says so.  What AWS says about a failure is read
here and goes no further, and no exception of the SDK is kept, since it may hold what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoCredentialsError,
    ReadTimeoutError,
)

from pseudonymizer.errors import KeyServiceInvalid, KeyUnavailable
from pseudonymizer.key_calls import Calls
from pseudonymizer.key_service import Refused
from pseudonymizer.kms.address import KmsAddress

__all__ = ["Client"]

PATIENCE_S: Final = 2.5  # as for a key service: half of who waits for it (gateway.wiring)
AT_ONCE: Final = 16
TURN: Final = 480  # calls that have the patience of one

_FILES: Final = {
    "assume-role",
    "assume-role-with-web-identity",
    "config-file",
    "custom-process",
    "shared-credentials-file",
    "sso",
}
_INSTANCE: Final = {"container-role", "iam-role"}

_ABOUT_ENVELOPE: Final = {"InvalidCiphertextException", "IncorrectKeyException"}
_ABOUT_KEY: Final = {
    "DisabledException",
    "InvalidKeyUsageException",
    "KMSInvalidStateException",
    "NotFoundException",
    "ValidationException",
}
_SAID: Final = {
    "AccessDeniedException": "refuses us this; credentials with the right policy were needed",
    "AlreadyExistsException": "has a version of this number; one at a time was needed",
    "ExpiredTokenException": "refuses our credentials; ones in force were needed",
    "InvalidSignatureException": "refuses our credentials; ones in force were needed",
    "LimitExceededException": "has no room for another key or request; a higher quota was needed",
    "ThrottlingException": "is asked more often than it allows; a higher quota was needed",
    "UnrecognizedClientException": "refuses our credentials; ones in force were needed",
}


class Client:
    """Asks AWS KMS in one region, from any thread."""

    def __init__(self, address: KmsAddress) -> None:
        self._calls = Calls(threads=AT_ONCE, patience_s=PATIENCE_S)
        self._kms = _client(address)

    def __repr__(self) -> str:
        return "Client(…)"

    def close(self) -> None:
        """Hang up."""
        self._calls.close()
        self._kms.close()

    def ask(self, operation: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 -- AWS's JSON
        """Ask for one operation; give the answer.

        Raises:
            Refused: KMS will not compute with this key, or not open this envelope.
            KeyUnavailable: no answer, or none that counts.
        """
        return self.ask_all(operation, (asked,))[0]

    def ask_all(self, operation: str, asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Ask for one operation as many times as there are questions, some of them at once."""
        method = getattr(self._kms, operation)
        journeys = [partial(_journey, partial(method, **each)) for each in asked]
        return self._calls.all(journeys, turns=-(-len(asked) // TURN))


def _client(address: KmsAddress) -> Any:  # noqa: ANN401 -- the SDK makes its types as it runs
    failure = ""
    try:
        session = botocore.session.Session()
        allowed = _FILES | _INSTANCE if address.instance else _FILES
        chain = session.get_component("credential_provider")
        chain.providers = [one for one in chain.providers if allowed & {one.METHOD}]
        return session.create_client(
            "kms",
            region_name=address.region,
            endpoint_url=address.endpoint,
            verify=str(address.ca_file) if address.ca_file else True,
            config=Config(
                connect_timeout=1,
                read_timeout=2,
                max_pool_connections=AT_ONCE,
                retries={"total_max_attempts": 1, "mode": "standard"},
                proxies={},
                defaults_mode="legacy",
                ignore_configured_endpoint_urls=True,
            ),
        )
    except (BotoCoreError, OSError, ValueError):
        failure = "the SDK of AWS cannot read its files; ones it understands were needed"
    raise KeyServiceInvalid(failure)


def _journey(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    failure: Exception
    try:
        answer = ask()
        if answer["ResponseMetadata"]["HTTPStatusCode"] == 200:
            return answer
        failure = _said("")  # the SDK would take any status that begins with 2
    except ClientError as error:
        failure = _said(str(error.response.get("Error", {}).get("Code", "")))
    except (NoCredentialsError, CredentialRetrievalError):
        failure = KeyUnavailable("no credentials for AWS are found; docs/keys.md says where")
    except (ConnectTimeoutError, ReadTimeoutError):
        failure = KeyUnavailable("the key service took too long; an answer in time was needed")
    except BotoCoreError:
        failure = KeyUnavailable(
            "the key service cannot be reached, or breaks off; an answer was needed"
        )
    except (AttributeError, KeyError, TypeError, ValueError, OSError, RecursionError):
        # What the SDK's reader says of an answer that is not of the form it knows.
        failure = KeyUnavailable("the key service's answer makes no sense; one was needed")
    # Raised here and not above, so that the SDK's exception is not even its context.
    raise failure


def _said(code: str) -> Exception:
    if code in _ABOUT_ENVELOPE | _ABOUT_KEY:
        return Refused(about_envelope=code in _ABOUT_ENVELOPE)
    said = _SAID.get(code, "fails or is not itself; an answer was needed")
    return KeyUnavailable(f"the key service {said}")
