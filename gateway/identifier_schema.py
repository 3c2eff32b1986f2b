"""How does a direct identifier travel in a request body?  In the body only, never in a URL."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from policies.vocabulary import IdentifierKind


class IdentifierIn(BaseModel):
    """One identifier of a person; its value stays out of every representation."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: IdentifierKind
    value: SecretStr = Field(min_length=1, max_length=512)
