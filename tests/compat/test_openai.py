"""The OpenAI door: texts in, categories out, and errors as OpenAI's clients read them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from service.core import sites
from service.core.models import Comment, Scope, Site, Status
from service.core.policy import Policy

CATEGORIES = {
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
}

Ask = Callable[..., Response]


@pytest.fixture
def ask(client: TestClient, key: str) -> Ask:
    def ask(given: Any, **more: Any) -> Response:
        headers = {"authorization": f"Bearer {key}"}
        return client.post("/v1/moderations", json={"input": given, **more}, headers=headers)

    return ask


def failure(answer: Response, status: int, code: str | None) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (answer.status_code, error["code"]) == (status, code), answer.text
    return error


@pytest.mark.usefixtures("work")
def test_an_answer_has_every_category_and_no_score_that_is_not_ours(ask: Ask) -> None:
    answer = ask("An insult.").json()

    (result,) = answer["results"]
    assert answer["id"].startswith("modr-")
    assert answer["model"] == "words 1, spam 1"
    assert result["flagged"] is True
    assert result["categories"].keys() == result["category_scores"].keys() == CATEGORIES
    assert result["category_applied_input_types"].keys() == CATEGORIES
    assert {name for name, is_reached in result["categories"].items() if is_reached} == {"harassment"}
    assert result["category_scores"]["harassment"] == 0.99
    assert {name for name, score in result["category_scores"].items() if not score} == CATEGORIES - {
        "harassment",
        "harassment/threatening",
        "hate",
        "violence",
    }


@pytest.mark.usefixtures("work")
def test_many_texts_are_many_results_in_their_order(ask: Ask) -> None:
    texts = ["A fine day.", "A threat.", "An identity_attack.", "A finer day."]

    results = ask(texts, model="text-moderation-latest").json()["results"]

    assert [result["flagged"] for result in results] == [False, True, True, False]
    assert [result["categories"]["violence"] for result in results] == [False, True, False, False]
    assert [result["categories"]["hate"] for result in results] == [False, False, True, False]


@pytest.mark.usefixtures("work")
def test_parts_are_one_text(ask: Ask, stored: Callable[[], Sequence[Comment]]) -> None:
    answer = ask([{"type": "text", "text": "A fine day"}, {"type": "text", "text": "for an insult."}])

    assert [result["flagged"] for result in answer.json()["results"]] == [True]
    assert [(comment.text, comment.status) for comment in stored()] == [("A fine day\n\nfor an insult.", Status.HELD)]


@pytest.mark.usefixtures("work")
def test_a_category_is_reached_where_the_site_s_policy_says(ask: Ask, app: FastAPI, site: Site) -> None:
    with app.state.database.transaction() as session:
        sites.put_policy(session, site.id, Policy(thresholds={"insult": 1.0}), actor="test")

    (result,) = ask("An insult.").json()["results"]

    assert (result["flagged"], result["categories"]["harassment"]) == (False, False)
    assert result["category_scores"]["harassment"] == 0.99


@pytest.mark.usefixtures("work")
def test_what_the_policy_holds_for_other_reasons_is_flagged(ask: Ask, app: FastAPI, site: Site) -> None:
    with app.state.database.transaction() as session:
        sites.put_policy(session, site.id, Policy(held_words=["treaty"]), actor="test")

    (result,) = ask("The treaty.").json()["results"]

    assert result["flagged"] is True
    assert not any(result["categories"].values())


def test_no_score_is_made_up_when_nobody_scores(ask: Ask, impatient: FastAPI) -> None:
    error = failure(ask("A fine day."), 503, "not_scored")

    assert error["type"] == "server_error"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "empty_string"),
        ([], "empty_string"),
        (["A fine day.", " "], "empty_string"),
        (["a"] * 101, "array_above_max_length"),
        ([{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}], "unsupported_input"),
        (17, "invalid_value"),
        (None, "invalid_value"),
        ("a" * 50_001, "invalid_value"),
        ("\0", "invalid_value"),
    ],
)
def test_what_cannot_be_moderated_is_refused(ask: Ask, given: object, code: str) -> None:
    assert failure(ask(given), 400, code)["type"] == "invalid_request_error"


def test_an_unknown_model_is_refused(ask: Ask) -> None:
    assert failure(ask("A fine day.", model="gpt-17"), 404, "model_not_found")["param"] == "model"


def test_a_body_that_is_no_json_is_refused(client: TestClient, key: str) -> None:
    failure(client.post("/v1/moderations", content=b"{", headers={"authorization": f"Bearer {key}"}), 400, None)


def test_a_key_is_needed_that_may_submit(client: TestClient, issue_key: Callable[[Scope], str]) -> None:
    def post(authorization: str) -> Response:
        return client.post("/v1/moderations", json={}, headers={"authorization": authorization})

    failure(client.post("/v1/moderations", json={}), 401, None)
    failure(post("Basic Z3A6Z3A="), 401, None)
    failure(post("Bearer sk-unknown"), 401, "invalid_api_key")
    failure(post(f"Bearer {issue_key(Scope.READ)}"), 403, "insufficient_permissions")


def test_a_key_that_has_used_up_its_requests_is_told(ask: Ask, app: FastAPI) -> None:
    app.state.quotas.limit = 1
    ask("")

    answer = ask("")

    failure(answer, 429, "rate_limit_exceeded")
    assert int(answer.headers["retry-after"]) > 0
