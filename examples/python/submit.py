"""Submit a comment: `GATEPOST=http://127.0.0.1:8000 KEY=gp_… python submit.py c-42 "The text."`.

The answer is 202 once the comment is stored; the decision comes by webhook. Sent again with the same `external_id` it
is the same comment: after a timeout or a 503 just try again.
"""

import json
import os
import sys
from urllib.request import Request, urlopen

external_id, text = sys.argv[1:]
comment = {"external_id": external_id, "text": text, "author_name": "Aiko", "author_email": "aiko@example.org"}
request = Request(
    f"{os.environ['GATEPOST']}/v1/comments",
    json.dumps(comment).encode(),
    {"authorization": f"Bearer {os.environ['KEY']}", "content-type": "application/json"},
)
with urlopen(request, timeout=10) as answer:
    print(answer.status, json.load(answer)["status"])
