"""Comments of a Disqus export (XML, schema 1.0): first all threads, then all posts."""

from collections.abc import Iterator

from service.core.exchange import entries, records
from service.core.exchange.entries import Entry
from service.core.exchange.files import File
from service.core.exchange.records import Scanner

_ID = "@dsq:id"


def read(file: File, *, keep_ip: bool = False) -> Iterator[Entry]:
    """Each comment with what is known of its page. The pages stay in memory: a few hundred bytes each."""
    pages: dict[str, dict[str, str]] = {}
    for tag, record in Scanner(file, ("thread", "post"), "disqus").records():
        found = records.parse(record, file)
        if found is None:
            continue
        if tag == "thread":
            pages[found.get(_ID, "")] = {name: found.get(name, "") for name in ("id", "link", "title", "createdAt")}
        else:
            page_id = found.get(f"thread{_ID}", "")
            yield _entry(found, pages.get(page_id, {}), page_id, keep_ip=keep_ip)


def _entry(post: dict[str, str], page: dict[str, str], page_id: str, *, keep_ip: bool) -> Entry:
    known = {
        "text": post.get("message", "").strip(),
        "author_name": post.get("author/name"),
        "author_email": post.get("author/email"),
        "author_id": post.get("author/username"),
        "author_url": post.get("author/link"),
        "author_ip": post.get("ipAddress") if keep_ip else None,
        "permalink": page.get("link"),
        # What the blog itself calls the page, where it has told Disqus.
        "post_id": page.get("id") or page_id,
        "post_title": page.get("title"),
        "post_published_at": entries.time(page.get("createdAt")),
        "parent_id": post.get(f"parent{_ID}"),
        "posted_at": entries.time(post.get("createdAt")),
    }
    return Entry(post.get(_ID, ""), {name: value for name, value in known.items() if value}, _status(post))


def _status(post: dict[str, str]) -> str:
    if post.get("isSpam") == "true":
        return "spam"
    if post.get("isDeleted") == "true":
        return "deleted"
    return "pending" if post.get("isApproved") == "false" else "approved"
