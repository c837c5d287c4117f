"""The discovery document: Google's clients learn from it where to go and what there is to ask for."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from service import web
from service.compat.perspective.failures import GoogleRoute
from service.core.models import Scope

router = APIRouter(route_class=GoogleRoute, include_in_schema=False)

# Clients with this host compiled in reach us by a name server of their own; perspective.py 0.3.4 compares addresses.
_GOOGLES = "commentanalyzer.googleapis.com"


@router.get("/$discovery/rest")
@router.get("/discovery/v1/apis/commentanalyzer/v1alpha1/rest")
async def discover(request: Request, key: str | None = None) -> dict[str, Any]:
    # A client may try its key here first.
    if key is not None:
        await run_in_threadpool(web.holder, request, key, Scope.SUBMIT)
    # Not any name from the Host header: a proxy or a stranger may have written it.
    is_googles = request.headers.get("host", "").partition(":")[0].lower() == _GOOGLES
    root = f"https://{_GOOGLES}/" if is_googles else f"{request.app.state.settings.public_url}/"
    return {**_DOCUMENT, "rootUrl": root, "baseUrl": root}


def _method(name: str, description: str) -> dict[str, Any]:
    verb = name.lower()
    kind = f"{name}Comment" if name == "Analyze" else "SuggestCommentScore"
    return {
        "id": f"commentanalyzer.comments.{verb}",
        "path": f"v1alpha1/comments:{verb}",
        "flatPath": f"v1alpha1/comments:{verb}",
        "httpMethod": "POST",
        "description": description,
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": f"{kind}Request"},
        "response": {"$ref": f"{kind}Response"},
        "scopes": [],
    }


def _object(name: str, **properties: Any) -> dict[str, dict[str, Any]]:
    return {name: {"id": name, "type": "object", "properties": properties}}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"$ref": values}}


_STRING = {"type": "string"}
_STRINGS = _list(_STRING)
_BOOLEAN = {"type": "boolean"}
_FLOAT = {"type": "number", "format": "float"}
_INTEGER = {"type": "integer", "format": "int32"}
_OF_A_COMMENT = {
    "comment": {"$ref": "TextEntry"},
    "context": {"$ref": "Context"},
    "languages": _STRINGS,
    "clientToken": _STRING,
    "communityId": _STRING,
    "sessionId": _STRING,
}
_DOCUMENT: dict[str, Any] = {
    "kind": "discovery#restDescription",
    "discoveryVersion": "v1",
    "id": "commentanalyzer:v1alpha1",
    "name": "commentanalyzer",
    "version": "v1alpha1",
    "title": "Gatepost, in the form of the Perspective API",
    "description": "Scores of comments by the engine and the policy of a site.",
    "protocol": "rest",
    "servicePath": "",
    "batchPath": "batch",
    "parameters": {
        "alt": {"type": "string", "location": "query", "default": "json", "enum": ["json", "media", "proto"]},
        "fields": {"type": "string", "location": "query"},
        "key": {"type": "string", "location": "query", "description": "A key of the site."},
        "prettyPrint": {"type": "boolean", "location": "query", "default": "true"},
        "quotaUser": {"type": "string", "location": "query"},
    },
    "resources": {
        "comments": {
            "methods": {
                "analyze": _method("Analyze", "Scores a comment."),
                "suggestscore": _method("Suggestscore", "Tells what a human thought of a comment."),
            }
        }
    },
    "schemas": {
        **_object("TextEntry", text=_STRING, type=_STRING),
        **_object("ArticleAndParentComment", article={"$ref": "TextEntry"}, parentComment={"$ref": "TextEntry"}),
        **_object(
            "Context",
            entries=_list({"$ref": "TextEntry"}),
            articleAndParentComment={"$ref": "ArticleAndParentComment"},
        ),
        **_object("AttributeParameters", scoreType=_STRING, scoreThreshold=_FLOAT),
        **_object("Score", value=_FLOAT, type=_STRING),
        **_object("SpanScore", begin=_INTEGER, end=_INTEGER, score={"$ref": "Score"}),
        **_object("AttributeScores", summaryScore={"$ref": "Score"}, spanScores=_list({"$ref": "SpanScore"})),
        **_object(
            "AnalyzeCommentRequest",
            **_OF_A_COMMENT,
            requestedAttributes=_map("AttributeParameters"),
            doNotStore=_BOOLEAN,
            spanAnnotations=_BOOLEAN,
            dropUnsupportedAttributes=_BOOLEAN,
        ),
        **_object(
            "AnalyzeCommentResponse",
            attributeScores=_map("AttributeScores"),
            languages=_STRINGS,
            detectedLanguages=_STRINGS,
            clientToken=_STRING,
        ),
        **_object("SuggestCommentScoreRequest", **_OF_A_COMMENT, attributeScores=_map("AttributeScores")),
        **_object(
            "SuggestCommentScoreResponse",
            requestedLanguages=_STRINGS,
            detectedLanguages=_STRINGS,
            clientToken=_STRING,
        ),
    },
}
