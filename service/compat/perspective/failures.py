"""Errors as Google's APIs send them: `google.rpc.Status` in JSON, with the details that clients of Perspective read.

Sources: cloud.google.com/apis/design/errors; conversationai/perspectiveapi, "Errors". A client (PyPerspective 1.0.4)
looks into `details[0]` of every error: there is always one.
"""

import json
from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from service.core import errors, outage

_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# What is wrong with the key or with us, by our own error: the code, Google's message and its reason.
_FAILURES: dict[type[errors.GatepostError], tuple[int, str, str]] = {
    errors.UnauthorizedError: (400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
    errors.ForbiddenError: (403, "The API key may not submit comments.", "API_KEY_SERVICE_BLOCKED"),
    errors.QuotaError: (429, "Quota exceeded: the key has made all the requests of a minute.", "RATE_LIMIT_EXCEEDED"),
    errors.CrowdedError: (503, "The service is currently unavailable.", "CROWDED"),
}


class GoogleError(Exception):
    def __init__(self, code: int, message: str, detail: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail


def analyzer(error_type: str, message: str, **more: Any) -> GoogleError:
    """What Perspective itself finds wrong with a request."""
    detail = {"@type": "type.googleapis.com/google.commentanalyzer.v1alpha1.Error", "errorType": error_type, **more}
    return GoogleError(400, message, detail)


def unsupported(attribute: str, languages: list[str], *, detected: bool) -> GoogleError:
    whose = "detected" if detected else "requested"
    return analyzer(
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        # Clients (perspective.py 0.3.4) take the attribute and the languages out of this sentence.
        f"Attribute {attribute} does not support request languages: {', '.join(languages)}",
        languageNotSupportedByAttributeError={f"{whose}Languages": languages, "attribute": attribute},
    )


def missing_key() -> GoogleError:
    return _with_reason(403, "The request is missing a valid API key.", "API_KEY_MISSING")


def late() -> GoogleError:
    return _with_reason(504, "Deadline expired before operation could complete.", "NOT_SCORED_IN_TIME")


def unscored() -> GoogleError:
    return _with_reason(503, "The comment could not be scored.", "NOT_SCORED")


def malformed(field: str, description: str) -> GoogleError:
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": field, "description": description}],
    }
    return GoogleError(400, f"Invalid JSON payload received. {description}", detail)


class GoogleRoute(APIRoute):
    """Whatever goes wrong on the way is answered as Google would."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_fail(request: Request) -> Response:
            try:
                return await handle(request)
            except GoogleError as error:
                return _answer(error)
            except errors.GatepostError as error:
                if type(error) not in _FAILURES:
                    raise
                return _answer(_with_reason(*_FAILURES[type(error)]))
            except JSONDecodeError as error:
                return _answer(malformed("", error.msg))
            except ValidationError as error:
                first = error.errors()[0]
                return _answer(malformed(".".join(map(str, first["loc"]))[:200], str(first["msg"])[:200]))
            except SQLAlchemyError as error:
                outage.report("perspective", error)
                return _answer(_with_reason(503, "The service is currently unavailable.", "DATABASE"))

        return handle_or_fail


def _with_reason(code: int, message: str, reason: str) -> GoogleError:
    domain = {"domain": "googleapis.com", "metadata": {"service": "commentanalyzer.googleapis.com"}}
    return GoogleError(code, message, {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, **domain})


def _answer(error: GoogleError) -> Response:
    status = {"code": error.code, "message": str(error), "status": _STATUS[error.code]}
    # In ASCII: a name in the request may be half a surrogate pair, which does not encode.
    body = json.dumps({"error": {**status, "details": [error.detail]}})
    return Response(body, error.code, media_type="application/json")
