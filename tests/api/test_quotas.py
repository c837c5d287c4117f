"""A key's quota over HTTP: what is told with each answer, and what happens when nothing is left."""

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.core.models import Scope
from service.core.settings import Settings

LIMIT = 3


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"requests_per_minute": LIMIT})


def test_every_answer_to_a_key_tells_what_is_left(client: TestClient) -> None:
    answers = [client.get("/v1/site"), client.get("/v1/comments/nonsense"), client.post("/v1/comments", json={})]

    assert [answer.status_code for answer in answers] == [200, 422, 422]
    told = [re.fullmatch(r'"key";r=(\d);t=(\d\d)', answer.headers["ratelimit"]) for answer in answers]
    assert [one and one[1] for one in told] == ["2", "1", "0"]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"key";q=3;w=60'}


def test_beyond_its_limit_a_key_is_told_when_to_come_back(client: TestClient) -> None:
    for _ in range(LIMIT):
        client.get("/v1/site")

    refused = client.post("/v1/comments", json={"text": "Thank you."})

    assert refused.status_code == refused.json()["status"] == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 50 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"] == f'"key";r=0;t={refused.headers["retry-after"]}'


def test_another_key_of_the_same_site_has_its_own_quota(
    client: TestClient, app: FastAPI, issue_key: Callable[[Scope], str]
) -> None:
    for _ in range(LIMIT + 1):
        client.get("/v1/site")

    other = TestClient(app, headers={"authorization": f"Bearer {issue_key(Scope.READ)}"})

    assert other.get("/v1/site").status_code == 200


def test_a_wrong_key_spends_nothing(client: TestClient) -> None:
    wrong = f"{client.headers['authorization']}x"
    for _ in range(2 * LIMIT):
        refused = client.get("/v1/site", headers={"authorization": wrong})
        assert refused.status_code == 401
        assert "ratelimit" not in refused.headers

    assert client.get("/v1/site").headers["ratelimit"].startswith(f'"key";r={LIMIT - 1};')


def test_what_needs_no_key_has_no_limit(client: TestClient) -> None:
    answers = [client.get("/healthz") for _ in range(2 * LIMIT)]

    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[-1].headers
