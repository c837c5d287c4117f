"""What we promise beyond the document: a refusal is a short problem body."""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

LONGEST_REFUSAL = 10_000


@schemathesis.check
def short_refusal(_: CheckContext, response: Response, __: Case[Any]) -> None:
    if 400 <= response.status_code < 500:
        assert len(response.content) <= LONGEST_REFUSAL
        assert response.headers["content-type"] == ["application/problem+json"]
        assert response.json()["status"] == response.status_code
