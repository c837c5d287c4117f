"""What an admin does with a site, and that nobody else may."""

import re
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import select

from service.core import (
    account_log,
    akismet_keys,
    console_sessions,
    coral_keys,
    invitations,
    keys,
    moderators,
    second_factors,
    sites,
    webhooks,
)
from service.core.db import Database
from service.core.models import (
    ConsoleSession,
    Delivery,
    Event,
    HeldAsSpam,
    Mail,
    MailKind,
    Moderator,
    Role,
    Scope,
    SecondFactor,
    Site,
    utc_now,
)
from service.core.policy import Policy
from tests.console.forms import EMAIL, csrf_token, log_in
from tests.console.test_roles import ABOUT_ONE

URL = "https://blog.example.org/hooks"


@pytest.fixture
def ada(mira: TestClient, site: Site, db: Database) -> TestClient:
    """The browser of an admin."""
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.ADMIN)
    return mira


def send(client: TestClient, site: Site, path: str, **fields: Any) -> Response:
    form = {"csrf_token": csrf_token(client), **fields}
    return client.post(f"/console/sites/{site.id}{path}", data=form, follow_redirects=False)


def colleague(db: Database, site: Site, role: Role = Role.VIEWER) -> Moderator:
    with db.transaction() as session:
        leo = moderators.create(session, "leo@example.org", "Leo", "correct horse battery")
        moderators.join(session, leo, site.id, role)
        return leo


def role_of(db: Database, moderator: Moderator) -> list[Role]:
    with db.reading() as session:
        return [role for _, role in moderators.memberships(session, moderator)]


@pytest.mark.parametrize(("role", "status"), [(Role.MODERATOR, 403), (None, 404)])
def test_only_an_admin_of_the_site_changes_one_of_its_things(
    mira: TestClient, site: Site, other_site: Site, role: Role | None, status: int
) -> None:
    chosen = site if role else other_site
    names = ("key_id", "endpoint_id", "delivery_id", "token_hash", "moderator_id")
    for _, path in ABOUT_ONE:
        known = {"site_id": chosen.id, **dict.fromkeys(names, uuid4())}
        form = {"csrf_token": csrf_token(mira), "url": URL, "role": "viewer"}
        assert mira.post(f"/console{path.format(**known)}", data=form).status_code == status, path


def test_an_admin_sets_for_how_long_a_decision_can_be_undone(ada: TestClient, site: Site, db: Database) -> None:
    assert send(ada, site, "", undo_seconds=25).status_code == 303
    assert send(ada, site, "", undo_seconds=601).status_code == 400

    with db.reading() as session:
        assert session.get_one(Site, site.id).undo_seconds == 25


def test_a_key_is_shown_once_and_opens_the_site_until_it_is_revoked(ada: TestClient, site: Site, db: Database) -> None:
    page = send(ada, site, "/keys", scope="read", name="Phone").text
    found = re.search(r"gp_[a-z0-9]{12}_[\w-]+", page)
    assert found
    bearer = found[0]

    assert bearer not in ada.get(f"/console/sites/{site.id}/keys").text
    with db.reading() as session:
        assert keys.authenticate(session, bearer, Scope.READ).site_id == site.id
    send(ada, site, f"/keys/{keys.public_id(bearer)}/revoke")
    with db.reading() as session:
        assert keys.listed(session, site.id)[0].revoked_at


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(ada: TestClient, site: Site, db: Database) -> None:
    page = send(ada, site, "/webhooks", url=URL).text
    with db.reading() as session:
        [endpoint] = webhooks.endpoints(session, site.id)
    rotated = send(ada, site, f"/webhooks/{endpoint.id}/rotate").text

    secrets = [re.findall(r"<code>(whsec_[^<]+)</code>", one) for one in (page, rotated)]
    assert [len(one) for one in secrets] == [1, 1]
    assert secrets[0] != secrets[1]
    assert "whsec_" not in ada.get(f"/console/sites/{site.id}/webhooks").text


def test_an_address_within_is_refused(ada: TestClient, site: Site) -> None:
    assert send(ada, site, "/webhooks", url="http://127.0.0.1/hook").status_code == 400


def test_a_failed_delivery_is_shown_and_sent_again(ada: TestClient, site: Site, db: Database) -> None:
    send(ada, site, "/webhooks", url=URL)
    with db.transaction() as session:
        [endpoint] = webhooks.endpoints(session, site.id)
    assert send(ada, site, f"/webhooks/{endpoint.id}/ping").status_code == 303
    with db.transaction() as session:
        event = Event(site_id=site.id, type="ping", body="{}")
        session.add(event)
        session.flush()
        failed = Delivery(
            site_id=site.id, event_id=event.id, endpoint_id=endpoint.id, attempt=1, duration_ms=7, error="No <answer>."
        )
        session.add(failed)

    page = ada.get(f"/console/sites/{site.id}/webhooks?failed=true").text

    assert "No &lt;answer&gt;." in page
    assert send(ada, site, f"/deliveries/{failed.id}/redeliver").status_code == 303
    assert send(ada, site, f"/webhooks/{endpoint.id}/remove").status_code == 303
    assert f"<bdi>{URL}</bdi>" not in ada.get(f"/console/sites/{site.id}/webhooks").text


def test_rules_are_saved_compared_and_restored(ada: TestClient, site: Site, db: Database) -> None:
    assert send(ada, site, "/rules", rules='{"max_links": 0, "held_words": ["<gold>"]}').status_code == 303

    page = ada.get(f"/console/sites/{site.id}/rules").text
    assert "<code>max_links</code>: 5 → 0" in page
    assert "<ins>+&lt;gold&gt;</ins>" in page

    assert send(ada, site, "/rules/1/restore").status_code == 303
    with db.reading() as session:
        row = sites.policy_version(session, site.id)
    assert (row.version, sites.read(row)) == (3, Policy())


@pytest.mark.parametrize("rules", ["", "{", "[]", '{"max_links": -1}', '{"unknown": 1}'])
def test_what_is_no_rules_is_told_and_kept_in_the_form(ada: TestClient, site: Site, db: Database, rules: str) -> None:
    page = send(ada, site, "/rules", rules=rules or " ").text

    assert 'role="alert"' in page
    with db.reading() as session:
        assert sites.policy_version(session, site.id).version == 1


def test_an_admin_changes_others_roles_and_removes_them(ada: TestClient, site: Site, db: Database) -> None:
    leo = colleague(db, site)

    send(ada, site, f"/people/{leo.id}/role", role="admin")
    promoted = role_of(db, leo)
    send(ada, site, f"/people/{leo.id}/remove")

    assert promoted == [Role.ADMIN]
    assert role_of(db, leo) == []


def test_nobody_changes_their_own_role(ada: TestClient, site: Site, db: Database) -> None:
    with db.reading() as session:
        me = moderators.get(session, EMAIL)

    assert send(ada, site, f"/people/{me.id}/remove").status_code == 409
    assert role_of(db, me) == [Role.ADMIN]


def test_whoever_is_no_member_gets_no_role_without_an_invitation(
    ada: TestClient, site: Site, other_site: Site, db: Database
) -> None:
    leo = colleague(db, other_site)

    assert send(ada, site, f"/people/{leo.id}/role", role="admin").status_code == 404
    assert role_of(db, leo) == [Role.VIEWER]


def _with_second_factor(db: Database, moderator: Moderator) -> None:
    with db.transaction() as session:
        session.add(SecondFactor(moderator_id=moderator.id, secret="", on_since=utc_now(), created_at=utc_now()))


def test_an_admin_resets_a_second_factor_and_both_are_told(ada: TestClient, site: Site, db: Database) -> None:
    leo = colleague(db, site)
    _with_second_factor(db, leo)

    assert send(ada, site, f"/people/{leo.id}/second-factor/reset").status_code == 303

    with db.reading() as session:
        assert not second_factors.is_on(session, leo.id)
        [entry] = account_log.latest(session, [leo.id], 9)
        assert moderators.name_of(session, entry.actor) == "Mira"
    page = ada.get(f"/console/sites/{site.id}/people").text
    assert "<td><bdi>Leo</bdi></td>" in page
    assert "Second factor reset" in page


def test_whoever_works_at_others_sites_too_keeps_the_second_factor(
    ada: TestClient, site: Site, other_site: Site, db: Database
) -> None:
    leo = colleague(db, site)
    with db.transaction() as session:
        moderators.join(session, leo, other_site.id)
    _with_second_factor(db, leo)

    page = ada.get(f"/console/sites/{site.id}/people").text
    assert send(ada, site, f"/people/{leo.id}/second-factor/reset").status_code == 403

    assert "/second-factor/reset" not in page
    with db.reading() as session:
        assert second_factors.is_on(session, leo.id)


def test_an_admin_logs_somebody_out_everywhere(ada: TestClient, site: Site, db: Database) -> None:
    leo = colleague(db, site)
    with db.transaction() as session:
        console_sessions.begin(session, leo)

    assert send(ada, site, f"/people/{leo.id}/sessions/end").status_code == 303

    with db.reading() as session:
        assert leo.id not in session.exec(select(ConsoleSession.moderator_id)).all()
        assert [entry.action for entry in account_log.latest(session, [leo.id], 9)] == ["sessions_ended"]


@pytest.mark.parametrize("what", ["second-factor/reset", "sessions/end"])
def test_who_has_no_place_at_the_site_is_not_its_admin_s_to_change(
    ada: TestClient, site: Site, other_site: Site, db: Database, what: str
) -> None:
    leo = colleague(db, other_site)
    _with_second_factor(db, leo)

    assert send(ada, site, f"/people/{leo.id}/{what}").status_code == 404
    with db.reading() as session:
        assert account_log.latest(session, [leo.id], 9) == []


def test_an_akismet_key_is_shown_once_and_opens_its_door_until_it_is_revoked(
    ada: TestClient, site: Site, db: Database
) -> None:
    page = send(ada, site, "/akismet-keys", blog="https://blog.example.org/about", held_as_spam="all").text
    [key] = re.findall(r"<code>([0-9a-z]{12})</code></div>", page)
    listed = ada.get(f"/console/sites/{site.id}/keys").text

    assert key not in listed
    assert '<bdi class="muted">https://blog.example.org</bdi>' in listed
    with db.reading() as session:
        client = akismet_keys.find(session, [key])
    assert client is not None
    assert (client.site.id, client.akismet.held_as_spam) == (site.id, HeldAsSpam.ALL)
    send(ada, site, f"/keys/{client.key.id}/revoke")
    with db.reading() as session:
        assert akismet_keys.find(session, [key]) is None


def test_a_blog_within_is_told_nothing(ada: TestClient, site: Site, db: Database) -> None:
    assert send(ada, site, "/akismet-keys", blog="http://127.0.0.1/").status_code == 400

    with db.reading() as session:
        assert keys.listed(session, site.id) == []


def test_coral_s_address_is_made_of_its_secret_and_revoked_as_any_key(
    ada: TestClient, site: Site, db: Database
) -> None:
    page = send(ada, site, "/coral-keys", secret=" Coral's own ").text
    [key_id] = re.findall(r"<code>http://127.0.0.1:8000/coral/(\w+)</code>", page)

    with db.reading() as session:
        phase = coral_keys.find(session, key_id)
    assert phase is not None
    assert (phase.holder.site.id, phase.secret) == (site.id, "Coral's own")
    assert "Coral&#39;s own" not in ada.get(f"/console/sites/{site.id}/keys").text
    send(ada, site, f"/keys/{key_id}/revoke")
    with db.reading() as session:
        assert coral_keys.find(session, key_id) is None


def test_coral_needs_a_secret(ada: TestClient, site: Site, db: Database) -> None:
    assert send(ada, site, "/coral-keys", secret=" ").status_code == 409

    with db.reading() as session:
        assert keys.listed(session, site.id) == []


def _invited(ada: TestClient, site: Site, email: str) -> str:
    found = re.search(r"/console/join\?token=([\w-]+)", send(ada, site, "/people", email=email, role="moderator").text)
    assert found
    return found[1]


def test_somebody_new_joins_with_the_link_and_a_password_of_their_own(
    ada: TestClient, site: Site, db: Database
) -> None:
    token = _invited(ada, site, "noor@example.org")
    form = {"token": token, "name": "Noor", "password": "short"}

    refused = ada.post("/console/join", data=form)
    joined = ada.post("/console/join", data={**form, "password": "a long password"}, follow_redirects=False)

    assert "Treaty blog" in ada.get(f"/console/sites/{site.id}/people").text
    assert (refused.status_code, joined.status_code) == (403, 303)
    with db.reading() as session:
        assert role_of(db, moderators.get(session, "noor@example.org")) == [Role.MODERATOR]
    assert ada.get(f"/console/join?token={token}").status_code == 404


def test_whoever_has_an_account_joins_with_its_password_alone(ada: TestClient, site: Site, db: Database) -> None:
    with db.transaction() as session:
        leo = moderators.create(session, "leo@example.org", "Leo", "correct horse battery")
    token = _invited(ada, site, "leo@example.org")

    wrong = ada.post("/console/join", data={"token": token, "password": "a wrong password"})
    before = role_of(db, leo)
    ada.post("/console/join", data={"token": token, "password": "correct horse battery"})

    assert (wrong.status_code, before, role_of(db, leo)) == (403, [], [Role.MODERATOR])


def test_an_invitation_goes_by_mail_where_there_is_a_mail_server(
    ada: TestClient, app: FastAPI, site: Site, db: Database
) -> None:
    form = {"email": "noor@example.org", "role": "viewer"}
    without = send(ada, site, "/people", **form).text
    app.state.settings = app.state.settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1")})
    page = send(ada, site, "/people", **form).text

    assert ["on its way by mail" in one for one in (without, page)] == [False, True]
    with db.reading() as session:
        assert [mail.kind for mail in session.exec(select(Mail))] == [MailKind.INVITATION]


def test_an_invitation_can_be_withdrawn(ada: TestClient, site: Site, db: Database) -> None:
    token = _invited(ada, site, "noor@example.org")
    with db.reading() as session:
        [row] = invitations.listed(session, site.id)

    send(ada, site, f"/invitations/{row.token_hash}/withdraw")

    assert ada.get(f"/console/join?token={token}").status_code == 404
    assert log_in(ada).status_code == 200
