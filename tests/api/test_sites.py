"""What a blog may rely on when it reads and replaces its policy."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from service.core.models import Site
from service.core.policy import DEFAULT_THRESHOLDS

PATH = "/v1/site/policy"
BAD_POLICIES: list[tuple[dict[str, object], str]] = [
    ({"thresholds": {"spam": 1.5}}, "/thresholds/spam"),
    ({"max_links": -1}, "/max_links"),
    ({"held_words": ["fine", "*"]}, "/held_words/1"),
    ({"held_words": [" "]}, "/held_words/0"),
    ({"held_words": ["a\0b"]}, "/held_words/0"),
    ({"trusted_authors": ["\0"]}, "/trusted_authors/0"),
    ({"tresholds": {}}, "/tresholds"),
]


def test_a_key_tells_its_site(client: TestClient, site: Site) -> None:
    answer = client.get("/v1/site")

    assert (answer.status_code, answer.json()["id"], answer.json()["name"]) == (200, str(site.id), "Treaty blog")


def test_a_new_site_has_the_defaults_as_version_1(client: TestClient) -> None:
    answer = client.get(PATH)

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert answer.json()["thresholds"] == DEFAULT_THRESHOLDS


def test_a_new_policy_is_the_next_version_and_decides_from_now_on(client: TestClient, score: Callable[[], int]) -> None:
    put = client.put(PATH, json={"thresholds": {"insult": 0.995}, "held_words": ["treaty"]})
    posted = [client.post("/v1/comments", json={"text": text}).json()["id"] for text in ("a treaty", "insult")]
    score()

    assert (put.status_code, put.json()["version"], put.json()["thresholds"]["insult"]) == (200, 2, 0.995)
    assert client.get(PATH).json() == put.json()
    comments = [client.get(f"/v1/comments/{comment_id}").json() for comment_id in posted]
    assert [one["verdict"]["policy_version"] for one in comments] == [2, 2]
    assert [one["verdict"]["rule"] for one in comments] == ["held_word", "none"]


def test_a_policy_is_the_site_s_own(client: TestClient, other_client: TestClient) -> None:
    client.put(PATH, json={"max_links": 0})

    assert other_client.get(PATH).json()["policy"]["max_links"] == 2


def test_a_policy_that_does_not_fit_is_refused_with_the_place(client: TestClient) -> None:
    for policy, pointer in BAD_POLICIES:
        answer = client.put(PATH, json=policy)
        assert answer.status_code == 422, policy
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]

    assert client.get(PATH).json()["version"] == 1
