"""Errors as RFC 9457 problem bodies. They never echo the request: it may be huge, hostile, or not encodable."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from service.core import errors, outage

log = structlog.get_logger()

_STATUS: dict[type[errors.GatepostError], HTTPStatus] = {
    errors.UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.IdempotencyConflictError: HTTPStatus.CONFLICT,
    errors.InvalidWebhookUrlError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidShadowError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidKeyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BusyError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.MissingSecretKeysError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.InvalidSecretKeysError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.WrongSecretKeysError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CrowdedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.QuotaError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.SlowError: HTTPStatus.REQUEST_TIMEOUT,
    errors.CompressedError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.NotJsonError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
# What else an answer says: how to do it right, and that the rest of a slow request is not waited for.
_HEADERS: dict[type[errors.GatepostError], dict[str, str]] = {
    errors.UnauthorizedError: {"WWW-Authenticate": 'Bearer realm="gatepost"'},
    errors.CrowdedError: {"Retry-After": "2"},
    errors.SlowError: {"Connection": "close"},
    errors.CompressedError: {"Accept-Encoding": "identity"},
    errors.NotJsonError: {"Accept": "application/json"},
}
# Together they keep an answer under 10 kB, whatever came in.
_MOST_ERRORS = 15
_LONGEST_STEP = 40


class FieldError(BaseModel):
    pointer: str = Field(description="JSON Pointer (RFC 6901) to the value.", examples=["/author_email"])
    detail: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str | None = None
    errors: list[FieldError] | None = None


_WHEN = {
    401: "The key is missing, malformed, unknown, revoked or expired.",
    403: "The key's scope is too small.",
    404: "There is no such thing at this site.",
    409: "The Idempotency-Key came before with another body, or the endpoint is disabled.",
    408: "The body did not come in time.",
    413: "The body is larger than 64 KiB; for a batch, a policy or a shadow: than 1 MiB.",
    415: "The body is compressed, or its Content-Type is not JSON's.",
    422: "The request does not fit; `errors` points at what. Nothing was stored.",
    429: "The key has made all the requests of a minute; `Retry-After` tells when there is one more.",
    503: "The database does not answer. Send it again: with the same external_id or Idempotency-Key it is stored once.",
}


def responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What a route's OpenAPI says of its errors."""
    return {code: {"model": Problem, "description": meaning(code)} for code in codes}


def meaning(code: int) -> str:
    return _WHEN[code]


def problem(
    status: int,
    detail: str,
    field_errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=field_errors)
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    app.exception_handler(errors.GatepostError)(lambda _, error: answer(error))
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(SQLAlchemyError)(_database_error)
    app.exception_handler(Exception)(_unforeseen_error)


def answer(error: errors.GatepostError) -> JSONResponse:
    return problem(_STATUS[type(error)], str(error), headers=_HEADERS.get(type(error)))


def _validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
    found = [FieldError(pointer=_pointer(item["loc"]), detail=_detail(item)) for item in error.errors()[:_MOST_ERRORS]]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request does not fit; nothing was stored.", found)


def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    headers = dict(error.headers or {})
    # Starlette names the methods of one of the path's routes; all are wanted (RFC 9110, 15.5.6).
    path = getattr(request.scope.get("route"), "path_format", "")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and path in (paths := request.app.openapi()["paths"]):
        headers["Allow"] = ", ".join(sorted(paths[path])).upper()
    return problem(error.status_code, str(error.detail)[:200], headers=headers)


def _database_error(_: Request, error: SQLAlchemyError) -> JSONResponse:
    outage.report("api", error)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        # Whose COMMIT went out and got no answer may be stored.
        "The database does not answer. Send it again: with the same external_id or Idempotency-Key it is stored once.",
        headers={"Retry-After": "2"},
    )


def _unforeseen_error(_: Request, __: Exception) -> JSONResponse:
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "An error in Gatepost itself; it is in the log.")


def _detail(item: Mapping[str, Any]) -> str:
    if item["type"] == "json_invalid":
        return f"{item['ctx']['error']}, at character {item['loc'][1]}."
    return str(item["msg"])[:200]


def _pointer(location: tuple[int | str, ...]) -> str:
    """The place in the body; `/query/limit` and the like for what is elsewhere."""
    match location:
        # Not JSON: FastAPI gives the position in the text, which is no place in a document.
        case ("body", int()):
            steps: tuple[int | str, ...] = ()
        case ("body", *inner):
            steps = tuple(inner)
        case _:
            steps = location
    # A name may be half a surrogate pair, which does not encode.
    names = (str(step)[:_LONGEST_STEP].encode(errors="replace").decode() for step in steps)
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
