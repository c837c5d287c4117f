"""The pages of figures: what moderators see of their own sites, and what they may change there."""

from fastapi.testclient import TestClient

from service.core import moderators, shadows, sites
from service.core.db import Database
from service.core.models import Role, Site
from tests.console.conftest import Hold
from tests.console.forms import EMAIL, approve, csrf_token, reject


def test_the_figures_are_there_without_a_script(mira: TestClient, site: Site, hold: Hold) -> None:
    reject(mira, hold(site))
    approve(mira, hold(site))

    page = mira.get("/console/insights?days=7").text

    assert "50% " in page
    assert '<th scope="row">Toxicity</th><td class="number">1</td><td class="number">2</td>' in page
    assert "<bdi>Mira</bdi>" in page


def test_links_are_counted_where_comments_wait(mira: TestClient, site: Site, hold: Hold) -> None:
    hold(site, text="See https://pills.example")

    assert "<bdi>pills.example</bdi>" in mira.get("/console/insights").text


def test_a_new_site_has_a_page_without_figures(mira: TestClient) -> None:
    assert mira.get("/console/insights").status_code == 200
    assert "No comment of this site was scored yet." in mira.get("/console/thresholds").text


def test_a_threshold_tells_what_it_would_have_held(mira: TestClient, site: Site, hold: Hold) -> None:
    approve(mira, hold(site))

    below = mira.get("/console/thresholds?label=insult&at=80").text
    above = mira.get("/console/thresholds?label=insult&at=95").text

    row = '<output>{}</output> %</th><td class="number">{}</td><td class="number">{}</td>'
    assert row.format(80, 1, 1) in below
    assert row.format(95, 0, 0) in above


def test_an_admin_saves_a_threshold_as_the_next_version(mira: TestClient, site: Site, db: Database) -> None:
    _become_admin(db, site)

    _send(mira, f"/console/sites/{site.id}/threshold")

    with db.reading() as session:
        row = sites.policy_version(session, site.id)
        actor = moderators.actor(moderators.get(session, EMAIL))
    assert (row.version, row.rules, row.created_by) == (2, {"thresholds": {"insult": 0.8}}, actor)


def test_an_admin_tries_a_threshold_in_the_shadow(mira: TestClient, site: Site, db: Database) -> None:
    _become_admin(db, site)

    _send(mira, f"/console/sites/{site.id}/shadow")

    with db.reading() as session:
        assert shadows.get(session, site.id).rules == {"thresholds": {"insult": 0.8}}
        assert sites.policy_version(session, site.id).version == 1


def test_who_may_only_decide_is_not_offered_to_save(mira: TestClient, site: Site, hold: Hold) -> None:
    hold(site)

    assert "Save as the next version" not in mira.get("/console/thresholds").text


def _become_admin(db: Database, site: Site) -> None:
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.ADMIN)


def _send(mira: TestClient, path: str) -> None:
    form = {"csrf_token": csrf_token(mira), "label": "insult", "at": 80}
    assert mira.post(path, data=form, follow_redirects=False).status_code == 303
