"""OpenAI's `/v1/moderations`: the texts are comments of the site, the categories what our scores can honestly say.

Source: platform.openai.com/docs/api-reference/moderations, as PyPI openai 3.57 and npm openai 6.49 speak it.
"""

from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from service import web
from service.compat import asking
from service.core import db, errors, ijson, outage, sites
from service.core.admission import Entry
from service.core.intake import Incoming
from service.core.models import Comment, Scope
from service.core.policy import Decision, Policy, Verdict
from service.core.submissions import Submission

MOST_TEXTS = 100
# By category, the label that says the same; no score of ours says anything of the others, which are 0.
_LABELS = {
    "harassment": "insult",
    "harassment/threatening": "threat",
    "hate": "identity_attack",
    "violence": "threat",
}
_CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
)
_MODELS = ("omni-moderation", "text-moderation")


class OpenAIError(Exception):
    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


_FAILURES: dict[type[errors.GatepostError], tuple[int, str, str]] = {
    errors.UnauthorizedError: (401, "Incorrect API key provided.", "invalid_api_key"),
    errors.ForbiddenError: (403, "This API key may not submit comments.", "insufficient_permissions"),
    errors.QuotaError: (429, "Rate limit reached: all the requests of a minute are made.", "rate_limit_exceeded"),
    errors.CrowdedError: (503, "The server is overloaded; try again in a moment.", "overloaded"),
}


class OpenAIRoute(APIRoute):
    """Whatever goes wrong on the way is answered as OpenAI would."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_fail(request: Request) -> Response:
            try:
                return await handle(request)
            except OpenAIError as error:
                return _answer(error)
            except errors.GatepostError as error:
                if type(error) not in _FAILURES:
                    raise
                return _answer(OpenAIError(*_FAILURES[type(error)]))
            except JSONDecodeError:
                return _answer(OpenAIError(400, "We could not parse the JSON body of your request."))
            except ValidationError as error:
                found = error.errors()[0]
                param = str(found["loc"][0]) if found["loc"] else None
                return _answer(OpenAIError(400, f"Invalid '{param}': {found['msg']}"[:300], "invalid_value", param))
            except SQLAlchemyError as error:
                outage.report("openai", error)
                return _answer(OpenAIError(503, "The server is temporarily unavailable.", "unavailable"))

        return handle_or_fail


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: Literal["text", "image_url"]
    text: str = ""


class Moderation(BaseModel):
    model_config = ConfigDict(extra="ignore")
    model: str = "omni-moderation-latest"
    input: str | list[str] | list[Part]

    def submissions(self) -> list[Submission]:
        """A comment for each string; parts are one comment together. Raises OpenAIError."""
        if not self.model.startswith(_MODELS):
            raise OpenAIError(
                404, "The model does not exist or you do not have access to it.", "model_not_found", "model"
            )
        texts = self._texts()
        if not texts or not all(text.strip() for text in texts):
            raise OpenAIError(400, "Invalid 'input': an empty text cannot be moderated.", "empty_string", "input")
        if len(texts) > MOST_TEXTS:
            raise OpenAIError(400, f"Invalid 'input': at most {MOST_TEXTS} texts.", "array_above_max_length", "input")
        return [Submission.model_validate({"text": text}) for text in texts]

    def _texts(self) -> list[str]:
        if isinstance(self.input, str):
            return [self.input]
        parts = [one for one in self.input if isinstance(one, Part)]
        if any(part.type == "image_url" for part in parts):
            raise OpenAIError(
                400, "This server moderates text; it cannot look at images.", "unsupported_input", "input"
            )
        together = ["\n\n".join(part.text for part in parts)] if parts else []
        return together + [one for one in self.input if isinstance(one, str)]


router = APIRouter(route_class=OpenAIRoute, include_in_schema=False)


@router.post("/v1/moderations")
async def moderate(request: Request) -> dict[str, Any]:
    bearer = _bearer(request)
    try:
        moderation = Moderation.model_validate(ijson.loads(await request.body()))
        submissions = moderation.submissions()
    except Exception:
        # A bad key is told first, as it is there.
        await run_in_threadpool(web.holder, request, bearer, Scope.SUBMIT)
        raise
    comments = await asking.decided(request, [Incoming(Entry(bearer), one) for one in submissions])
    verdicts = [_verdict(comment) for comment in comments]
    policy = await run_in_threadpool(_policy, request, comments[0])
    return {
        "id": f"modr-{db.new_id().hex}",
        # Not the model that was asked for, which did not score it.
        "model": verdicts[0].engine,
        "results": [_result(verdict, policy) for verdict in verdicts],
    }


def _bearer(request: Request) -> str:
    scheme, bearer = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not bearer:
        raise OpenAIError(401, "You didn't provide an API key: `Authorization: Bearer YOUR_KEY`.")
    return bearer


def _verdict(comment: Comment) -> Verdict:
    """Raises OpenAIError when there are no scores: none is made up. The clients try again by themselves."""
    verdict = Verdict.model_validate(comment.verdict) if comment.verdict else None
    if verdict is None or not verdict.scores:
        raise OpenAIError(503, "The text is not scored yet; try again in a moment.", "not_scored")
    return verdict


def _policy(request: Request, comment: Comment) -> Policy:
    with request.app.state.database.reading() as session:
        return sites.live_policies(session, {comment.site_id})[comment.site_id][1]


def _result(verdict: Verdict, policy: Policy) -> dict[str, Any]:
    """`flagged` is the policy's word: it knows more grounds than the categories, spam and lists of words among them."""
    scores = {name: verdict.scores[_LABELS[name]] if name in _LABELS else 0.0 for name in _CATEGORIES}
    reached = {name: scores[name] >= policy.threshold(label) for name, label in _LABELS.items()}
    return {
        "flagged": verdict.decision != Decision.APPROVE,
        "categories": {name: verdict.judged and reached.get(name, False) for name in _CATEGORIES},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] if name in _LABELS else [] for name in _CATEGORIES},
    }


def _answer(error: OpenAIError) -> JSONResponse:
    kind = "server_error" if error.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP's own line
    body = {"message": str(error), "type": kind, "param": error.param, "code": error.code}
    return JSONResponse({"error": body}, error.status)
