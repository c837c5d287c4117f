"""Errors as RFC 9457 problem bodies. They never echo the request: it may be huge, hostile, or not encodable."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException

from service.core import errors

log = structlog.get_logger()

_STATUS: dict[type[errors.GatepostError], HTTPStatus] = {
    errors.UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.IdempotencyConflictError: HTTPStatus.CONFLICT,
    errors.InvalidWebhookUrlError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
_MOST_ERRORS = 20


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


# For the OpenAPI of every route.
RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": HTTPStatus(code).phrase} for code in (401, 403, 404, 409, 413, 422, 503)
}


def problem(
    status: int, detail: str | None = None, field_errors: list[FieldError] | None = None, **headers: str
) -> JSONResponse:
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=field_errors)
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=status,
        media_type="application/problem+json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def install(app: FastAPI) -> None:
    app.exception_handler(errors.GatepostError)(_gatepost_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(SQLAlchemyError)(_database_error)


def _gatepost_error(_: Request, error: errors.GatepostError) -> JSONResponse:
    status = _STATUS[type(error)]
    if status == HTTPStatus.UNAUTHORIZED:
        return problem(status, str(error), www_authenticate='Bearer realm="gatepost"')
    return problem(status, str(error))


def _validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
    found = [
        FieldError(pointer=_pointer(item["loc"]), detail=item["msg"][:200]) for item in error.errors()[:_MOST_ERRORS]
    ]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request does not fit; nothing was stored.", found)


def _http_error(_: Request, error: HTTPException) -> JSONResponse:
    return problem(error.status_code, str(error.detail)[:200], None, **dict(error.headers or {}))


def _database_error(_: Request, error: SQLAlchemyError) -> JSONResponse:
    cause = error.orig if isinstance(error, DBAPIError) else error
    log.error("database.failed", error=type(cause).__name__)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database does not answer; nothing was stored. Try again.",
        retry_after="2",
    )


def _pointer(location: tuple[int | str, ...]) -> str:
    """The place in the body; `/query/limit` and the like for what is elsewhere."""
    steps = location[1:] if location and location[0] == "body" else location
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1")[:100] for step in steps)
