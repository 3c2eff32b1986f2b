"""How does a direct identifier travel in a request body?  In the body only, never in a URL."""

from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from policies.vocabulary import IdentifierKind

_INVISIBLE = frozenset({"Cc", "Cs"})  # control characters, and halves of a character


def _visible(value: SecretStr) -> SecretStr:
    if any(category(sign) in _INVISIBLE for sign in value.get_secret_value()):
        raise ValueError("an identifier holds no control characters and no half characters")
    return value


class IdentifierIn(BaseModel):
    """One identifier of a person; its value stays out of every representation."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: IdentifierKind
    value: Annotated[
        SecretStr,
        AfterValidator(_visible),
        Field(
            min_length=1,
            max_length=512,
            description="As it is usually written, without control characters.",
        ),
    ]
