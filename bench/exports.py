"""Post the comments of a WordPress (WXR) or Disqus (`*.disqus.xml`) export to a running Gatepost; see what it decides.

    python -m bench.exports FILE.xml[.gz] --url http://127.0.0.1:8000 --key gp_…

Tells approved from held, by what the export itself says of each comment, and why the held ones were held.
"""

import argparse
import collections
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from service.core.exchange import disqus, entries, wordpress
from service.core.exchange.files import File

BATCH = 100

# A submission, and what the export says of it: approved, spam, other, held.
Known = tuple[dict[str, Any], str]
out = Console()


def main() -> None:
    arguments = _parse()
    known = list(_read(arguments.file))
    with httpx2.Client(
        base_url=arguments.url, headers={"authorization": f"Bearer {arguments.key}"}, timeout=30
    ) as client:
        started = time.monotonic()
        ids = _submit(client, [submission for submission, _ in known])
        decided = [_wait(client, one) for one in track(ids, "waiting for decisions", console=out)]
        seconds = time.monotonic() - started
    _report(decided, [said for _, said in known])
    out.print(f"{len(decided)} comments in {seconds:.1f} s")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", required=True)
    return parser.parse_args()


def _read(path: Path) -> Iterator[Known]:
    file = File(path)
    read = disqus.read if ".disqus" in path.suffixes else wordpress.read
    for entry in read(file, keep_ip=True):
        if past := entries.past(entry, file.damage):
            submission = past.submission.model_dump(mode="json", exclude_none=True, exclude={"extra"})
            yield {**submission, "external_id": f"{path.name}:{entry.external_id}"}, past.category or past.status


def _submit(client: httpx2.Client, submissions: list[dict[str, Any]]) -> list[str]:
    ids: list[str] = []
    for start in range(0, len(submissions), BATCH):
        answer = client.post("/v1/comments/batch", json={"comments": submissions[start : start + BATCH]})
        if answer.status_code != httpx2.codes.ACCEPTED:
            raise SystemExit(f"Gatepost answered {answer.status_code}: {answer.text}")
        ids += [comment["id"] for comment in answer.json()["comments"]]
    return ids


def _wait(client: httpx2.Client, comment_id: str) -> dict[str, Any]:
    while True:
        comment: dict[str, Any] = client.get(f"/v1/comments/{comment_id}").json()
        if comment["status"] != "pending":
            return comment
        time.sleep(0.1)


def _report(decided: list[dict[str, Any]], said: list[str]) -> None:
    counts = collections.Counter(zip(said, (comment["status"] for comment in decided), strict=True))
    table = Table("in the export", "approved", "held", title="Decisions", title_justify="left")
    for kind in sorted(set(said)):
        table.add_row(kind, str(counts[kind, "approved"]), str(counts[kind, "held"]))
    out.print(table)
    held = Table("in the export", "comment", "reasons", title="Held", title_justify="left", show_lines=True)
    for comment, kind in zip(decided, said, strict=True):
        if comment["status"] == "held":
            held.add_row(kind, Text(comment["text"][:200]), Text("\n".join(comment["verdict"]["reasons"])))
    out.print(held)


if __name__ == "__main__":
    main()
