"""What a blog may rely on when it hands on what its readers report."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

PATH = "/v1/comments"


@pytest.fixture
def comment(client: TestClient, score: Callable[[], int]) -> dict[str, Any]:
    """One that is published."""
    posted: dict[str, Any] = client.post(PATH, json={"text": "Thank you, that explains the treaty well."}).json()
    score()
    return posted


def test_a_report_is_counted_until_somebody_decides(client: TestClient, comment: dict[str, Any]) -> None:
    path = f"{PATH}/{comment['id']}"
    report = {"reason": "toxic", "text": "He means my sister.", "reporter": "r-1"}

    answers = [client.post(f"{path}/reports", json={**report, "reporter": who}) for who in ("r-1", "r-1", "r-2")]
    client.post(f"{path}/feedback", json={"decision": "approve"})
    again = client.post(f"{path}/reports", json=report)

    assert [answer.status_code for answer in answers] == [202] * 3
    assert [answer.json()["reports"] for answer in answers] == [1, 1, 2]
    assert again.json() == {"comment_id": comment["id"], "status": "approved", "reports": 0}


def test_another_site_s_comment_is_not_found(
    client: TestClient, other_client: TestClient, comment: dict[str, Any]
) -> None:
    answers = [
        other_client.post(f"{PATH}/{comment['id']}/reports", json={"reason": "spam"}),
        client.post(f"{PATH}/{uuid4()}/reports", json={"reason": "spam"}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"reason": "ugly"},
        {"reason": "spam", "text": "x" * 501},
        {"reason": "spam", "text": "\0"},
        {"reason": "spam", "reporter": ""},
        {"reason": "spam", "reporter": "x" * 201},
        {"reason": "spam", "ip": "203.0.113.7"},
    ],
    ids=repr,
)
def test_what_is_no_report_gets_a_problem_and_is_not_kept(
    client: TestClient, comment: dict[str, Any], report: dict[str, str]
) -> None:
    answer = client.post(f"{PATH}/{comment['id']}/reports", json=report)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert client.post(f"{PATH}/{comment['id']}/reports", json={"reason": "spam"}).json()["reports"] == 1


def test_a_webhook_tells_that_readers_have_had_a_comment_held(client: TestClient, comment: dict[str, Any]) -> None:
    client.put("/v1/site/policy", json={"hold_after_reports": 1})

    answer = client.post(f"{PATH}/{comment['id']}/reports", json={"reason": "spam"})

    assert answer.json()["status"] == "held"
    assert client.get(f"{PATH}/{comment['id']}").json()["verdict"]["rule"] == "reported"
