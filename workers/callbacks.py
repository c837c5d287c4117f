"""How Akismet's plugin for WordPress is told a decision, and what it answers (5.5, class.akismet-rest-api.php)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from service.core.callbacks import IS_SPAM
from service.core.models import AkismetKey, Comment, Endpoint, Event
from workers.outbound import Answer

# Without it the plugin would report the change of the comment's status back to us.
HEADERS = {"x-akismet-webhook": "1"}

Decrypt = Callable[[str], str]


@dataclass(frozen=True)
class Plugin:
    """What it knows us and the comment by."""

    secret: str  # encrypted
    post_id: str | None


def plugins(session: Session, posts: Sequence[tuple[Event, Endpoint]]) -> dict[tuple[UUID, UUID], Plugin]:
    """(event, endpoint) -> what the plugin at the endpoint needs; nothing for other endpoints."""
    of_plugins = [(event, endpoint) for event, endpoint in posts if endpoint.key_id]
    if not of_plugins:
        return {}
    keys = select(AkismetKey.key_id, AkismetKey.secret).where(
        col(AkismetKey.key_id).in_({endpoint.key_id for _, endpoint in of_plugins})
    )
    posts_of = select(Comment.id, Comment.post_id).where(
        col(Comment.id).in_({event.comment_id for event, _ in of_plugins})
    )
    secrets = dict(session.exec(keys).all())
    post_ids: dict[UUID | None, str | None] = dict(session.exec(posts_of).all())
    return {
        (event.id, endpoint.id): Plugin(secrets[endpoint.key_id], post_ids.get(event.comment_id))
        for event, endpoint in of_plugins
        if endpoint.key_id in secrets and event.type in IS_SPAM
    }


def body(event: Event, plugin: Plugin, decrypt: Decrypt) -> str:
    comment = {"guid": guid(event), "result": IS_SPAM[event.type]}
    if plugin.post_id:
        # Meta values have no useful index in WordPress.
        comment["comment_post_ID"] = plugin.post_id
    return json.dumps({"key": decrypt(plugin.secret), "endpoint": "comment-check", "comments": [comment]})


def refusal(event: Event, answer: Answer) -> str | None:
    """What the plugin says against it, with status 200: most often that it has not stored the comment yet."""
    try:
        said = json.loads(answer.text)["comments"][guid(event)]
        return None if said["status"] == "success" else str(said.get("message", "no reason"))[:200]
    except (ValueError, LookupError, TypeError, RecursionError):
        return "The answer is not the Akismet plugin's."


def guid(event: Event) -> str:
    return str(event.comment_id)
