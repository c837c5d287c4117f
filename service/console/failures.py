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
from service.console.language import N_
from service.core import errors, outage

log = structlog.get_logger()

_STATUS: dict[type[errors.GatepostError], HTTPStatus] = {
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.BusyError: HTTPStatus.TOO_MANY_REQUESTS,
}
_WORDS: dict[int, str] = {
    HTTPStatus.FORBIDDEN: N_("That is not allowed"),
    HTTPStatus.NOT_FOUND: N_("There is nothing here"),
    HTTPStatus.CONFLICT: N_("That does not fit"),
    HTTPStatus.TOO_MANY_REQUESTS: N_("One moment"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("The database does not answer"),
    HTTPStatus.INTERNAL_SERVER_ERROR: N_("Something went wrong on our side"),
}


def install(console: FastAPI) -> None:
    console.exception_handler(errors.UnauthorizedError)(_log_in_first)
    console.exception_handler(errors.SecondFactorNeededError)(_set_up_first)
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


def _set_up_first(_: Request, __: errors.SecondFactorNeededError) -> Response:
    return RedirectResponse(auth.SECOND_FACTOR, HTTPStatus.SEE_OTHER)


def _gatepost_error(request: Request, error: errors.GatepostError) -> Response:
    return _page(request, _STATUS.get(type(error), HTTPStatus.BAD_REQUEST), str(error))


def _validation_error(request: Request, _: RequestValidationError) -> Response:
    return _page(
        request, HTTPStatus.BAD_REQUEST, N_("Nothing has changed. Go back to the queue and try again from there.")
    )


def _http_error(request: Request, error: HTTPException) -> Response:
    return _page(request, error.status_code, N_("Nothing has changed."))


def _database_error(request: Request, error: SQLAlchemyError) -> Response:
    outage.report("console", error)
    page = _page(
        request, HTTPStatus.SERVICE_UNAVAILABLE, N_("What you did may not have been saved. Look again in a moment.")
    )
    page.headers["Retry-After"] = "2"
    return page


def _unforeseen(request: Request, _: Exception) -> Response:
    return _page(request, HTTPStatus.INTERNAL_SERVER_ERROR, N_("The log tells more. Try again in a moment."))


def _page(request: Request, status: int, detail: str) -> Response:
    words = _WORDS.get(status, N_("That did not work"))
    return pages.render("failure.html", status, code=auth.spoken(request), words=words, detail=detail)
