"""What an Akismet client sends, as real ones do: forms or JSON, blanks without `=`, the key in four places."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError

from service.compat.akismet.answers import InvalidError
from service.core.models import Content
from service.core.submissions import Submission

_MOST_FIELDS = 1000
_TRUE = {"true", "1", "yes", "on"}
# PostgreSQL cannot store NUL; half a surrogate pair comes from JSON alone and does not encode.
_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}")
# WordPress holds what a form has sent with a backslash before each quote and backslash, and so hands it on.
_SLASHED = re.compile(r"\\(.)", re.DOTALL)
# Ours -> theirs, the first that is not blank. Discourse says content_type.
_NAMES = {
    "type": ("comment_type", "content_type"),
    "author_name": ("comment_author",),
    "author_email": ("comment_author_email",),
    "author_url": ("comment_author_url",),
    "user_agent": ("user_agent",),
    "referrer": ("referrer",),
    "permalink": ("permalink",),
    "post_id": ("comment_post_ID",),
}
# WordPress writes 0 for none.
_IDS = {"author_id": ("user_ID", "user_id"), "parent_id": ("comment_parent",)}
_LENGTHS = {
    name: next(limit.max_length for limit in field.metadata if hasattr(limit, "max_length"))
    for name, field in Content.model_fields.items()
    if any(hasattr(limit, "max_length") for limit in field.metadata)
}

Fields = Mapping[str, str]


async def read(request: Request) -> Fields:
    """The body's fields and the query's. Of a field that comes twice the last counts, as with PHP, Akismet's own.

    Raises InvalidError.
    """
    body, content_type = await request.body(), _content_type(request)
    try:
        if content_type.get_content_subtype() == "json":
            found = _of_json(json.loads(body))
        else:
            found = _of_form(body.decode("ascii", "replace"), content_type)
    except (ValueError, RecursionError, AttributeError) as error:
        raise InvalidError(str(error)[:100]) from None
    if request.headers.get("user-agent", "").startswith("WordPress/") and "POST_comment" in found:
        found = {name: _SLASHED.sub(r"\1", value) for name, value in found.items()}
    return dict(request.query_params) | {name.translate(_UNSTORABLE): value for name, value in found.items()}


def candidates(request: Request, fields: Fields) -> Iterator[str]:
    """What may be the key, the likeliest first: `KEY.rest.akismet.com`, the body's api_key and key, the query's."""
    yield request.headers.get("host", "").partition(".")[0].lower()
    yield from (fields[name].strip() for name in ("api_key", "key") if name in fields)


def asked_about(request: Request, fields: Fields) -> Iterator[str]:
    """The same where `key` is what the question is about: WordPress sends the one that it has in `api_key` with it."""
    yield from ([fields["key"].strip()] if "key" in fields else candidates(request, fields))


def submission(fields: Fields) -> Submission | None:
    """The comment as we take it in; None when there is nothing to judge. Raises InvalidError when it is too long.

    What does not fit is cut or left out: an odd address is no reason to publish a comment unseen.
    """
    given: dict[str, Any] = {ours: _first(fields, theirs) for ours, theirs in _NAMES.items()}
    given |= {ours: value for ours, theirs in _IDS.items() if (value := _first(fields, theirs)) != "0"}
    given["type"] = given["type"] or "comment"
    given["language"] = (_first(fields, ("blog_lang",)) or "").partition(",")[0].strip().replace("_", "-") or None
    given["honeypot"] = _honeypot(fields)
    given["posted_at"] = _time(fields.get("comment_date_gmt", ""))
    text = _first(fields, ("comment_content", "comment_author", "comment_author_email", "comment_author_url"))
    if text is None:
        return None
    if len(text) > _LENGTHS["text"]:
        raise InvalidError(f"comment_content is longer than {_LENGTHS['text']} characters")
    fitting: dict[str, Any] = {
        name: value[: _LENGTHS[name]] if isinstance(value, str) else value for name, value in given.items()
    }
    for address in (_first(fields, ("user_ip", "comment_author_IP")), None):
        try:
            return Submission(**fitting, text=text, author_ip=address)
        except ValidationError:
            continue
    raise InvalidError("the fields do not fit")


def is_true(fields: Fields, name: str) -> bool:
    """python-akismet writes False, others false, 0 or nothing."""
    return fields.get(name, "").strip().lower() in _TRUE


def _content_type(request: Request) -> Message:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "application/x-www-form-urlencoded")
    return header


def _of_form(body: str, content_type: Message) -> dict[str, str]:
    charset = str(content_type.get_param("charset") or "utf-8")
    try:
        codecs.lookup(charset)
    except LookupError:
        charset = "utf-8"
    pairs = parse_qsl(body, keep_blank_values=True, encoding=charset, errors="replace", max_num_fields=_MOST_FIELDS)
    return {name: value.translate(_UNSTORABLE) for name, value in pairs}


def _of_json(body: Any) -> dict[str, str]:
    """Coral sends JSON, with numbers and booleans in it; lists and objects we have no use for."""
    scalars = {name: value for name, value in body.items() if isinstance(value, (str, int, float)) or value is None}
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in scalars.items()}
    return {name: "" if value == "null" else value.translate(_UNSTORABLE) for name, value in written.items()}


def _first(fields: Fields, names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := fields.get(name, "").strip())), None)


def _honeypot(fields: Fields) -> str | None:
    """The field that the client names, or the one that Akismet's plugin adds to WordPress's form."""
    return _first(fields, (fields.get("honeypot_field_name", ""), "POST_ak_hp_textarea"))


def _time(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written.strip())
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
