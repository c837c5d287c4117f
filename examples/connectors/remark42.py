"""Delete in Remark42 what Gatepost rejects or holds: `python remark42.py 8090`, with these and what `bridge` needs.

    REMARK           where yours is, https://remark.example.org
    ADMIN_PASSWD     as Remark42 has it

Remark42 publishes first: a comment is there until it is decided. KEEP_HELD=1 deletes only what a human rejects.
"""

import base64
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import bridge


def submission(posted: Any) -> bridge.Submission | None:
    known = {
        "external_id": posted["id"],
        "text": posted["text"],
        "author_id": posted.get("user_id"),
        "author_name": posted.get("user_name"),
        "parent_id": posted.get("parent_id"),
        "permalink": posted["url"],
        "post_id": posted["url"],
        "metadata": {"site": posted["site"], "url": posted["url"]},
    }
    return {name: value for name, value in known.items() if value}


def decided(comment: Mapping[str, Any]) -> None:
    gone = {"rejected"} if os.environ.get("KEEP_HELD") else {"rejected", "held"}
    if comment["status"] in gone:
        where = urlencode({"site": comment["metadata"]["site"], "url": comment["metadata"]["url"]})
        admin = base64.b64encode(f"admin:{os.environ['ADMIN_PASSWD']}".encode()).decode()
        path = f"/api/v1/admin/comment/{comment['external_id']}?{where}"
        bridge.call("DELETE", f"{os.environ['REMARK']}{path}", authorization=f"Basic {admin}")


if __name__ == "__main__":
    bridge.run(submission, decided)
