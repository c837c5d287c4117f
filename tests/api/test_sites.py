"""What a blog may rely on when it reads and replaces its policy."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.core.models import PolicyVersion, Site
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
    ({"reject_at": {"spam": 0.2}}, "/reject_at/spam"),
    ({"discard_at": {"toxicity": 0.9}}, "/discard_at/toxicity/[key]"),
    ({"unsure": "reject"}, "/unsure"),
    ({"closed_after_days": 0}, "/closed_after_days"),
    ({"allowed_languages": ["English"]}, "/allowed_languages/0"),
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

    assert other_client.get(PATH).json()["policy"]["max_links"] == 5


def test_a_policy_that_does_not_fit_is_refused_with_the_place(client: TestClient) -> None:
    for policy, pointer in BAD_POLICIES:
        answer = client.put(PATH, json=policy)
        assert answer.status_code == 422, policy
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]

    assert client.get(PATH).json()["version"] == 1


def test_every_version_is_kept_and_can_be_read(client: TestClient) -> None:
    client.put(PATH, json={"max_links": 0})

    listed = client.get(f"{PATH}/versions").json()
    first = client.get(f"{PATH}/versions/1")

    assert [(one["version"], one["created_by"], one["rules"]) for one in listed["versions"]] == [
        (2, "site", {"max_links": 0}),
        (1, "system", {}),
    ]
    assert listed["next"] is None
    assert first.json() == listed["versions"][1]


def test_versions_come_in_pages(client: TestClient) -> None:
    for links in range(3):
        client.put(PATH, json={"max_links": links})

    first = client.get(f"{PATH}/versions?limit=3").json()
    second = client.get(f"{PATH}/versions?limit=3&before={first['next']}").json()

    assert [one["version"] for one in first["versions"] + second["versions"]] == [4, 3, 2, 1]
    assert second["next"] is None


def test_two_versions_are_compared_rule_by_rule(client: TestClient) -> None:
    client.put(PATH, json={"held_words": ["casino", "bonus"], "thresholds": {"spam": 0.9}})
    client.put(PATH, json={"held_words": ["casino"], "reject_at": {"spam": 0.95}})

    answer = client.get(f"{PATH}/diff?before=2").json()

    assert (answer["before"], answer["after"]) == (2, 3)
    changes = {change["rule"]: change for change in answer["changes"]}
    assert changes.keys() == {"held_words", "thresholds.spam", "reject_at.spam"}
    assert changes["held_words"]["removed"] == ["bonus"]
    assert (changes["thresholds.spam"]["before"], changes["thresholds.spam"]["after"]) == (0.9, 0.7)
    assert client.get(f"{PATH}/diff?before=2&after=2").json()["changes"] == []


def test_a_version_that_is_not_there_is_a_problem(client: TestClient, other_client: TestClient) -> None:
    other_client.put(PATH, json={"max_links": 0})

    asked = ["versions/2", "versions/0", f"versions/{2**31}", "diff?before=2", "diff", "versions?before=0"]
    statuses = [client.get(f"{PATH}/{path}").status_code for path in asked]

    assert statuses == [404, 422, 422, 404, 422, 422]


def test_rules_that_cannot_be_read_are_told_and_hold_everything_until_they_are_saved_anew(
    app: FastAPI, client: TestClient, site: Site, score: Callable[[], int]
) -> None:
    with app.state.database.transaction() as session:
        session.add(PolicyVersion(site_id=site.id, version=2, rules={"gone": 1}, created_by="a newer Gatepost"))
    posted = client.post("/v1/comments", json={"text": "Thank you."}).json()["id"]
    score()

    verdict = client.get(f"/v1/comments/{posted}").json()["verdict"]
    broken = client.get(PATH).json()
    mended = client.put(PATH, json={}).json()

    assert (verdict["decision"], verdict["rule"]) == ("hold", "unreadable_policy")
    assert (broken["version"], broken["readable"], mended["readable"]) == (2, False, True)
    assert client.get(f"{PATH}/versions/2").json()["rules"] == {"gone": 1}


def test_a_policy_that_rejects_is_told_to_the_blog(client: TestClient, score: Callable[[], int]) -> None:
    client.put(PATH, json={"reject_at": {"insult": 0.9}, "blocked_authors": ["Rex@Example.org"]})
    bodies = [{"text": "an insult"}, {"text": "Hello.", "author_email": "rex@example.org"}]
    posted = [client.post("/v1/comments", json=body).json()["id"] for body in bodies]
    score()

    found = [client.get(f"/v1/comments/{one}").json() for one in posted]

    assert [(one["status"], one["category"], one["verdict"]["rule"]) for one in found] == [
        ("rejected", "toxic", "toxicity"),
        ("rejected", "other", "blocked_author"),
    ]


def test_an_old_post_is_closed_for_what_is_written_later(client: TestClient, score: Callable[[], int]) -> None:
    client.put(PATH, json={"closed_after_days": 30, "closed": "reject"})
    post = {"text": "Hello.", "post_published_at": "2020-01-01T00:00:00Z"}
    times = ["2020-01-15T00:00:00Z", "2020-03-01T00:00:00Z"]
    posted = [client.post("/v1/comments", json={**post, "posted_at": time}).json()["id"] for time in times]
    score()

    found = [client.get(f"/v1/comments/{one}").json() for one in posted]

    assert [(one["status"], one["verdict"]["rule"]) for one in found] == [
        ("approved", "none"),
        ("rejected", "closed_post"),
    ]
