"""Errors as pages: a person reads them, and finds the way back."""

from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from service.console import auth, pages
from service.core import errors, outage

log = structlog.get_logger()

_STATUS: dict[type[errors.GatepostError], HTTPStatus] = {
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.BusyError: HTTPStatus.TOO_MANY_REQUESTS,
}
_WORDS: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "That is not allowed",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.TOO_MANY_REQUESTS: "One moment",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database does not answer",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side",
}


def install(console: FastAPI) -> None:
    console.exception_handler(errors.UnauthorizedError)(_log_in_first)
    console.exception_handler(errors.GatepostError)(_gatepost_error)
    console.exception_handler(RequestValidationError)(_validation_error)
    console.exception_handler(HTTPException)(_http_error)
    console.exception_handler(SQLAlchemyError)(_database_error)
    console.exception_handler(Exception)(_unforeseen)


def _log_in_first(request: Request, _: errors.UnauthorizedError) -> Response:
    # What was posted is lost with the session; a page can be asked for again.
    again = request.method == "GET"
    wanted = auth.inside(f"{request.url.path}?{request.url.query}".rstrip("?")) if again else auth.HOME
    return RedirectResponse(f"{auth.LOGIN}?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)


def _gatepost_error(_: Request, error: errors.GatepostError) -> Response:
    return _page(_STATUS.get(type(error), HTTPStatus.BAD_REQUEST), str(error))


def _validation_error(_: Request, __: RequestValidationError) -> Response:
    return _page(HTTPStatus.BAD_REQUEST, "Nothing has changed. Go back to the queue and try again from there.")


def _http_error(_: Request, error: HTTPException) -> Response:
    return _page(error.status_code, "Nothing has changed.")


def _database_error(_: Request, error: SQLAlchemyError) -> Response:
    outage.report("console", error)
    page = _page(HTTPStatus.SERVICE_UNAVAILABLE, "What you did may not have been saved. Look again in a moment.")
    page.headers["Retry-After"] = "2"
    return page


def _unforeseen(_: Request, __: Exception) -> Response:
    return _page(HTTPStatus.INTERNAL_SERVER_ERROR, "The log tells more. Try again in a moment.")


def _page(status: int, detail: str) -> Response:
    words = _WORDS.get(status, "That did not work")
    return pages.render("failure.html", status, words=words, detail=detail)
