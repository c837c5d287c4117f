"""One attempt to deliver one event: what it needs, and how it is signed and posted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlmodel import Session

from service.core import bulk, db, signing, signing_keys
from service.core.models import Endpoint, Event, OutboxRow, SigningKey
from workers import callbacks, outbound
from workers.callbacks import Decrypt, Plugin
from workers.retries import Outcome


@dataclass(frozen=True)
class Job:
    """A claimed event with what its attempt needs: no database from here on."""

    row: OutboxRow
    event: Event
    endpoint: Endpoint
    keys: Sequence[SigningKey]
    claimed_at: datetime  # by the database's clock: a worker whose own is wrong would sign a wrong time
    plugin: Plugin | None = None  # Akismet's, which is told in its own shape


def jobs(session: Session, rows: Sequence[OutboxRow]) -> list[Job]:
    """What there is to send. An erased event gives no job."""
    if not rows:
        return []
    events = bulk.read(session, Event, {row.subject_id for row in rows})
    endpoint_ids = {row.endpoint_id for row in rows if row.endpoint_id}
    endpoints = bulk.read(session, Endpoint, endpoint_ids)
    keys = signing_keys.live(session, endpoint_ids)
    found = [
        (row, events[row.subject_id], endpoints[row.endpoint_id])
        for row in rows
        if row.subject_id in events and row.endpoint_id in endpoints
    ]
    plugins = callbacks.plugins(session, [(event, endpoint) for _, event, endpoint in found])
    return [
        Job(row, event, endpoint, keys[endpoint.id], db.now(session), plugins.get((event.id, endpoint.id)))
        for row, event, endpoint in found
        if endpoint.key_id is None or (event.id, endpoint.id) in plugins
    ]


async def post(client: outbound.Client, decrypt: Decrypt, job: Job, *, within: timedelta) -> Outcome:
    body, own_headers = _content(decrypt, job)
    headers = {"content-type": "application/json", "user-agent": "Gatepost", **own_headers}
    started = time.monotonic()
    answer, failed, refusal = None, None, None
    try:
        answer = await client.post(job.endpoint.url, body.encode(), headers, within=within)
    except outbound.OutboundError as error:
        failed = error
    if answer and answer.status == HTTPStatus.OK and job.plugin:
        refusal = callbacks.refusal(job.event, answer)
    took = timedelta(seconds=time.monotonic() - started)
    return Outcome(job.claimed_at + took, round(took / timedelta(milliseconds=1)), answer, failed, refusal)


def _content(decrypt: Decrypt, job: Job) -> tuple[str, dict[str, str]]:
    """What is sent: the body, and the headers that go with it."""
    if job.plugin:
        return callbacks.body(job.event, job.plugin, decrypt), callbacks.HEADERS
    secrets = [decrypt(key.secret) for key in job.keys]
    signature = signing.headers(str(job.event.id), int(job.claimed_at.timestamp()), job.event.body, secrets)
    return job.event.body, signature
