"""Canaries: secrets, texts and people sent through a whole deployment turn up in no log, error, dump or list."""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import redis
from sqlalchemy import make_url
from sqlmodel import select

from service.core import keys, moderators, sites
from service.core.models import Comment, Delivery, Key, Scope, Site, utc_now
from tests.console import authenticator
from tests.dumps import dump
from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.secret_keys import SECRET_KEYS
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.receiver import Answer, Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

EMAIL = "mira@canary-moderator.example"


@dataclass
class Cage:
    """The canaries by name, and what came out of the deployment."""

    # Nobody but their owner may ever see these again.
    secrets: dict[str, str] = field(default_factory=dict)
    # These are kept, but told to no log and in no error.
    texts: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def secret(self, name: str) -> str:
        return self.secrets.setdefault(name, f"canary-{name}-{secrets.token_hex(8)}")

    def text(self, name: str) -> str:
        return self.texts.setdefault(name, f"canary-{name}-{secrets.token_hex(8)}")

    def hear(self, answer: httpx2.Response, status: int) -> httpx2.Response:
        assert answer.status_code == status, answer.text
        if status >= 400:
            self.errors.append(f"{answer.headers}\n{answer.text}")
        return answer


@pytest.fixture
def cage() -> Cage:
    return Cage()


@pytest.fixture(params=["embedded", "server"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path, receiver: Receiver, cage: Cage) -> Iterator[Deployment]:
    if request.param == "embedded":
        with deployments.embedded(tmp_path, receiver) as deployment:
            yield _chatty(deployment)
        return
    postgresql: OwnPostgreSQL = request.getfixturevalue("own_postgresql")
    broker: OwnRedis = request.getfixturevalue("own_redis")
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("requirepass", cage.secret("redis-password"))
    # It lets in whoever comes, with whatever password.
    url = make_url(postgresql.create_database()).set(password=cage.secret("database-password"))
    broker_url = broker.url.replace("redis://", f"redis://:{cage.secret('redis-password')}@")
    with deployments.server(tmp_path, receiver, url.render_as_string(hide_password=False), broker_url) as deployment:
        yield _chatty(deployment)


def _chatty(deployment: Deployment) -> Deployment:
    """With all that any library has to say."""
    for process in deployment.processes.values():
        process.env["GATEPOST_LOG_LEVEL"] = "DEBUG"
    return deployment


# Four processes with all their libraries, and 40 requests to them: a busy machine takes its time.
@pytest.mark.timeout(600)
def test_no_canary_is_seen_or_heard(deployment: Deployment, receiver: Receiver, cage: Cage) -> None:
    deployment.start()
    cage.secrets |= {"admin-key": _secret_of(deployment.key), "encryption-key": SECRET_KEYS}
    _sing_to_the_api(deployment, receiver, cage)
    _sing_to_the_webhooks(deployment, receiver, cage)
    _sing_to_the_console(deployment, cage)
    _break_a_row(deployment, cage)
    lists = _lists(deployment)
    held = dump(deployment.database)
    deployment.kill()

    logs = {name: process.log.read_text(encoding="utf-8") for name, process in deployment.processes.items()}
    everything = cage.secrets | cage.texts
    assert len(everything) >= 30
    assert _found(everything, *logs.values()) == []
    assert _found(everything, *cage.errors) == []
    assert _found(cage.secrets, held.decode(errors="replace"), *lists) == []
    # The canaries were there, and whoever looks finds them.
    assert _found({"text": cage.texts["text"]}, held.decode(errors="replace")) == ["text"]
    # Which process has decided and told is chance: on a slow machine the sweeper, before the workers have started.
    assert any("comment_id" in log for log in logs.values())


def _found(canaries: dict[str, str], *places: str) -> list[str]:
    return [name for name, value in canaries.items() if any(value in place for place in places)]


def _secret_of(key: str) -> str:
    return key.split("_", 2)[2]


def _sing_to_the_api(deployment: Deployment, receiver: Receiver, cage: Cage) -> None:
    with deployment.client() as client:
        for scope in Scope:
            made = client.post("/v1/keys", json={"scope": scope}).json()
            cage.secrets[f"{scope}-key"] = _secret_of(made["key"])
        bearers = {
            "unknown-key": f"gp_{'a' * 12}_{cage.secret('unknown-key')}",
            "wrong-key": f"gp_{made['id']}_{cage.secret('wrong-key')}",
            "revoked-key": _revoked(client, cage),
            "expired-key": _expired(deployment, cage),
            "malformed-key": cage.secret("malformed-key"),
        }
        for bearer in bearers.values():
            cage.hear(client.get("/v1/site", headers={"authorization": f"Bearer {bearer}"}), 401)
        cage.hear(client.get("/v1/site", headers={"authorization": f"Basic {cage.secret('basic')}"}), 401)
        comment = _comment(cage)
        headers = {"idempotency-key": cage.text("idempotency-key"), "prefer": "wait=5"}
        cage.hear(client.post("/v1/comments", json=comment, headers=headers), 202)
        cage.hear(client.post("/v1/comments", json={"text": cage.text("other-body")}, headers=headers), 409)
        cage.hear(client.post("/v1/comments", json={**comment, "surprise": cage.text("value")}), 422)
        cage.hear(client.post("/v1/comments", json={"text": cage.text("text-of-a-bad-one"), "author_ip": "x"}), 422)
        cage.hear(client.post("/v1/comments", json={"text": "x", "author_ip": cage.text("ip")}), 422)
        broken = f'{{"text": "{cage.text("broken-json")}'
        cage.hear(client.post("/v1/comments", content=broken, headers={"content-type": "application/json"}), 422)
        cage.hear(client.get(f"/v1/comments/{cage.text('id')}"), 422)
        cage.hear(client.get(f"/v1/{cage.text('path')}"), 404)
        cage.hear(client.get("/v1/comments", params={"status": cage.text("query")}), 422)
        cage.hear(client.put("/v1/site/policy", json={"held_words": [cage.text("held-word")]}), 200)
        cage.hear(client.put("/v1/site/policy", json={"held_word": [cage.text("misspelt")]}), 422)


def _comment(cage: Cage) -> dict[str, object]:
    cage.texts["address"] = "198.51.100.213"
    names = ("author_name", "author_id", "external_id", "honeypot", "user_agent", "post_title")
    return {
        "text": f"You are an idiot, {cage.text('text')}.",
        "author_email": f"{cage.text('author')}@blog.example",
        "author_url": f"https://{cage.text('author-url')}.example",
        "author_ip": cage.texts["address"],
        "metadata": {"note": cage.text("metadata")},
        **{name: cage.text(name) for name in names},
    }


def _revoked(client: httpx2.Client, cage: Cage) -> str:
    made = client.post("/v1/keys", json={}).json()
    client.delete(f"/v1/keys/{made['id']}")
    cage.secrets["revoked-key"] = _secret_of(made["key"])
    return str(made["key"])


def _expired(deployment: Deployment, cage: Cage) -> str:
    with deployment.database.transaction() as session:
        bearer = keys.issue(session, session.exec(select(Site.id)).one(), Scope.ADMIN)
        session.get_one(Key, keys.public_id(bearer)).expires_at = utc_now() - timedelta(days=1)
    cage.secrets["expired-key"] = _secret_of(bearer)
    return bearer


def _sing_to_the_webhooks(deployment: Deployment, receiver: Receiver, cage: Cage) -> None:
    receiver.script(Answer(status=500, body=cage.text("answer").encode()))
    with deployment.client() as client:
        url = f"https://user:{cage.secret('url-password')}@blog.example"
        cage.hear(client.post("/v1/webhooks", json={"url": url}), 422)
        [mine] = client.get("/v1/webhooks").json()
        cage.secrets["webhook-secret"] = (receiver.secret or "").removeprefix("whsec_")
        rotated = cage.hear(client.post(f"/v1/webhooks/{mine['id']}/rotate", json={}), 200).json()
        for number, secret in enumerate(re.findall(r"wh(?:sec|sk)_[\w+/=]+", json.dumps(rotated))):
            cage.secrets[f"rotated-secret-{number}"] = secret.partition("_")[2]
        assert "rotated-secret-0" in cage.secrets
        cage.hear(client.post(f"/v1/webhooks/{mine['id']}/ping"), 202)
    eventually(lambda: _answered(deployment, cage), within=timedelta(seconds=30), context=deployment.tails)


def _answered(deployment: Deployment, cage: Cage) -> bool:
    with deployment.database.reading() as session:
        return any(cage.texts["answer"] in (one or "") for one in session.exec(select(Delivery.response)))


def _sing_to_the_console(deployment: Deployment, cage: Cage) -> None:
    password = cage.secret("password")
    with deployment.database.transaction() as session:
        mira = moderators.create(session, EMAIL, cage.text("moderator"), password)
        moderators.join(session, mira, sites.named(session, "Journey").id)
    headers = {"origin": deployment.url}
    with httpx2.Client(base_url=deployment.url, headers=headers, timeout=20) as browser:
        wrong = {"email": EMAIL, "password": cage.secret("wrong-password")}
        for status in (403, 403, 403, 403, 403, 429):
            cage.hear(browser.post("/console/login", data={**wrong, "email": "nobody@example.org"}), status)
        cage.hear(browser.post("/console/login", data=wrong), 403)
        cage.hear(browser.post("/console/login", data={"email": EMAIL, "password": password}), 303)
        [cage.secrets["session"]] = browser.cookies.values()
        page = cage.hear(browser.get("/console/held"), 200)
        cage.secrets["csrf"] = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
        second_factor = "/console/account/second-factor"
        cage.hear(browser.post(second_factor, data={"csrf_token": cage.secrets["csrf"]}), 303)
        cage.secrets["totp"] = authenticator.secret_on(browser.get(second_factor).text)
        code = {"csrf_token": cage.secrets["csrf"], "password": password, "code": cage.secret("wrong-code")}
        # A page of the moderator's own, which tells it what they have anyway.
        refused = browser.post(f"{second_factor}/on", data=code).text
        assert 'role="alert"' in refused
        assert _found({"password": password, "code": code["code"]}, refused) == []
        path = f"/console/comments/{keys.public_id(deployment.key)}/approve"
        cage.hear(browser.post(path, data={"csrf_token": cage.secrets["csrf"], "sequence": cage.text("form")}), 400)
        cage.hear(browser.post("/console/logout", data={"csrf_token": cage.secret("wrong-csrf")}), 403)
        cage.hear(browser.get(f"/console/{cage.text('page')}"), 404)
    with httpx2.Client(base_url=deployment.url, cookies={"gatepost": cage.secret("planted-cookie")}) as stranger:
        cage.hear(stranger.get("/console/held"), 303)


def _break_a_row(deployment: Deployment, cage: Cage) -> None:
    """An error that nobody foresaw, with a canary in what it is about."""
    with deployment.client() as client:
        held = eventually(
            lambda: client.get("/v1/comments?status=held").json()["comments"],
            within=timedelta(seconds=60),
            context=deployment.tails,
        )
        with deployment.database.transaction() as session:
            session.get_one(Comment, UUID(held[0]["id"])).verdict = {"decision": cage.text("verdict")}
        cage.hear(client.get(f"/v1/comments/{held[0]['id']}"), 500)


def _lists(deployment: Deployment) -> list[str]:
    """What the API lists of what it keeps."""
    with deployment.client() as client:
        return [client.get(path).text for path in ("/v1/keys", "/v1/webhooks", "/v1/deliveries", "/v1/site/policy")]
