"""`comments:analyze` and `comments:suggestscore`: what a client of the Perspective API asks for."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from service import web
from service.compat import asking
from service.compat.perspective import attributes, discovery, failures, spans
from service.compat.perspective.failures import GoogleRoute
from service.compat.perspective.spans import Part
from service.compat.perspective.wire import Analysis, Suggestion
from service.core import by_text, ijson
from service.core.admission import Entry
from service.core.intake import Incoming
from service.core.labels import SPAM
from service.core.models import Category, Comment, Scope, Site
from service.core.policy import Verdict
from service.core.submissions import Submission

router = APIRouter(route_class=GoogleRoute, include_in_schema=False)
router.include_router(discovery.router)

# What is suggested of these is said of the whole comment: that one is no threat leaves open what else it is.
_OF_THE_WHOLE = {"TOXICITY", "TOXICITY_EXPERIMENTAL", "SEVERE_TOXICITY", attributes.LIKELY_TO_REJECT}
_LIKELY = 0.5


# Without the version too, for clients that are told a base address: Coral's “Perspective custom endpoint”.
@router.post("/comments:analyze")
@router.post("/v1alpha1/comments:analyze")
async def analyze(request: Request) -> dict[str, Any]:
    """The scores of a comment, which is stored and decided as any other, unless `doNotStore` says otherwise."""
    bearer = key(request)
    try:
        analysis = Analysis.model_validate(ijson.loads(await request.body() or b"{}"))
        analysis.check()
    except Exception:
        # A bad key is told first: PyPerspective 1.0.4 tries its own with an empty request.
        await run_in_threadpool(web.holder, request, bearer, Scope.SUBMIT)
        raise
    (_, verdict), *parts = await _judged(request, bearer, analysis)
    if not verdict.judged:
        analysis.drop(attributes.needs_language, [verdict.language or "und"], detected=True)
    scores = {name: _scores(name, verdict, parts, analysis.text) for name in analysis.requested_attributes}
    detected = [verdict.language] if verdict.language else analysis.languages or ["und"]
    return {
        "attributeScores": {
            name: score for name, score in scores.items() if score["summaryScore"]["value"] >= analysis.threshold(name)
        },
        "languages": analysis.languages or detected,
        "detectedLanguages": detected,
        **_token(analysis.client_token),
    }


@router.post("/comments:suggestscore")
@router.post("/v1alpha1/comments:suggestscore")
async def suggest_score(request: Request) -> dict[str, Any]:
    """A human's word on a comment, for the site to learn from."""
    site = await run_in_threadpool(web.holder, request, key(request), Scope.SUBMIT)
    suggestion = Suggestion.model_validate(ijson.loads(await request.body() or b"{}"))
    submission = suggestion.submission()
    if not suggestion.attribute_scores:
        raise failures.analyzer("INVALID_REQUEST", "Missing attribute_scores")
    comment = await run_in_threadpool(_learn, request, site, submission, suggestion)
    languages = suggestion.languages
    return {
        "requestedLanguages": languages,
        "detectedLanguages": languages or [(comment and comment.language) or "und"],
        **_token(suggestion.client_token),
    }


def key(request: Request) -> str:
    """The key, as Google's clients send it or as ours do. Raises GoogleError when there is none."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    found = request.query_params.get("key") or request.headers.get("x-goog-api-key")
    if found := found or (bearer.strip() if scheme.lower() == "bearer" else ""):
        return found
    raise failures.missing_key()


async def _judged(request: Request, bearer: str, analysis: Analysis) -> list[tuple[Part, Verdict]]:
    """The whole text and, when spans are wanted, each sentence, with what was found of it.

    Raises GoogleError when one could not be scored or not in time: no score is made up.
    """
    parts = [spans.whole(analysis.text)]
    incoming = [Incoming(Entry(bearer), analysis.submission(), transient=analysis.do_not_store)]
    sentences = spans.sentences(analysis.text) if analysis.span_annotations else []
    if len(sentences) > 1:
        parts += sentences
        incoming += [Incoming(Entry(bearer), Submission(text=one.text), transient=True) for one in sentences]
    comments = await asking.decided(request, incoming)
    return [(part, _verdict(comment)) for part, comment in zip(parts, comments, strict=True)]


def _verdict(comment: Comment) -> Verdict:
    if comment.verdict is None:
        raise failures.late()
    verdict = Verdict.model_validate(comment.verdict)
    if not verdict.scores:
        raise failures.unscored()
    return verdict


def _scores(name: str, verdict: Verdict, parts: list[tuple[Part, Verdict]], text: str) -> dict[str, Any]:
    summary = _score(attributes.score(name, verdict))
    # Of a sentence alone neither the policy nor the signals of spam say anything.
    by_part = parts if attributes.needs_language(name) else []
    return {
        "spanScores": [
            {"begin": part.begin, "end": part.end, "score": _score(attributes.score(name, found))}
            for part, found in by_part or [(spans.whole(text), verdict)]
        ],
        "summaryScore": summary,
    }


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": attributes.PROBABILITY}


def _learn(request: Request, site: Site, submission: Submission, suggestion: Suggestion) -> Comment | None:
    """The comment that the suggestion was about; None when it says too little to learn from."""
    likely = {
        name: one.summary_score.value >= _LIKELY
        for name, one in suggestion.attribute_scores.items()
        if one.summary_score
    }
    if not any(likely.values()) and _OF_THE_WHOLE.isdisjoint(likely):
        return None
    category = next((_category(name) for name, is_likely in likely.items() if is_likely), None)
    with request.app.state.database.transaction() as session:
        return by_text.review(session, site.id, submission, category)


def _category(name: str) -> Category:
    if attributes.bare(name) == SPAM.upper():
        return Category.SPAM
    return Category.TOXIC if attributes.needs_language(name) else Category.OTHER


def _token(token: str | None) -> dict[str, str]:
    return {} if token is None else {"clientToken": token}
