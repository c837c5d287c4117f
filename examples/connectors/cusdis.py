"""Approve in Cusdis what Gatepost approves: `python cusdis.py 8090`, with CUSDIS and what `bridge` needs.

CUSDIS is where yours is, https://cusdis.example.org. Its webhook has no signature: TOKEN is what protects it. Of the
link that it sends only the token is used, so nobody can make this program call another address.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import bridge


def submission(posted: Any) -> bridge.Submission | None:
    if posted["type"] != "new_comment":
        return None
    comment = posted["data"]
    [token] = parse_qs(urlsplit(str(comment["approve_link"])).query)["token"]
    known = {
        # Cusdis sends no id. The link is another one for each comment.
        "external_id": hashlib.sha256(token.encode()).hexdigest(),
        "text": comment["content"],
        "author_name": comment.get("by_nickname"),
        "author_email": comment.get("by_email"),
        "post_id": comment.get("page_id"),
        "post_title": comment.get("page_title"),
        "metadata": {"token": token},
    }
    return {name: value for name, value in known.items() if value}


def decided(comment: Mapping[str, Any]) -> None:
    """What is not approved stays hidden: Cusdis shows nothing by itself."""
    if comment["status"] == "approved":
        token = quote(comment["metadata"]["token"], safe="")
        bridge.call("POST", f"{os.environ['CUSDIS']}/api/open/approve?token={token}")


if __name__ == "__main__":
    bridge.run(submission, decided)
