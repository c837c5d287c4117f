"""A submission's short way in, past FastAPI's dependencies: what they cost, a comment costs ten times over.

Only for what is as it should be. Whatever is wrong with a request, its declared route finds and says.
"""

from json import JSONDecodeError
from typing import Annotated

from fastapi import Header
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import TypeAdapter, ValidationError

from service.api.bodies import IJsonRequest, is_json
from service.core.admission import Entry
from service.core.intake import Incoming
from service.core.models import Text
from service.core.submissions import Submission

IdempotencyKey = Annotated[
    Text | None,
    Header(
        min_length=1,
        max_length=255,
        description="Any unique string: sending the request again is then harmless.",
    ),
]
_KEY: TypeAdapter[str | None] = TypeAdapter(IdempotencyKey)


async def read(request: IJsonRequest) -> Incoming | None:
    """The submission; None when FastAPI is to look at the request: it is not whole, or asks to wait."""
    headers = request.headers
    scheme, bearer = get_authorization_scheme_param(headers.get("authorization"))
    if scheme.lower() != "bearer" or not bearer or "prefer" in headers:
        return None
    try:
        key = _KEY.validate_python(headers.get("idempotency-key"))
        if not is_json(headers.get("content-type", "")):
            return None
        return Incoming(Entry(bearer), Submission.model_validate(await request.json()), key)
    except (JSONDecodeError, ValidationError):
        return None
