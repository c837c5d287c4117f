"""A moderator who works through the held queue in the real console, and changes her mind at times."""

import asyncio
import random
import re
from dataclasses import dataclass, replace

import httpx2

from service.core import moderators, sites
from service.core.db import Database
from service.core.models import Status
from tests.journey.ledger import Review

EMAIL = "mira@example.org"
PASSWORD = "correct horse battery"
FORM = re.compile(
    r'action="/console/comments/([0-9a-f-]{36})/reject".*?'
    r'name="csrf_token" value="([^"]+)".*?name="sequence" value="(\d+)"',
    re.DOTALL,
)
SECOND_THOUGHTS = 0.2


@dataclass(frozen=True)
class Form:
    """One comment's buttons, as the page shows them."""

    comment_id: str
    csrf_token: str
    sequence: int


def employ(database: Database, site: str) -> None:
    with database.transaction() as session:
        moderator = moderators.create(session, EMAIL, "Mira", PASSWORD)
        moderators.join(session, moderator, sites.named(session, site).id)


class Moderator:
    """`reviews` are the decisions that the console has confirmed."""

    def __init__(self, http: httpx2.AsyncClient, seed: int, pause: float) -> None:
        self.reviews: list[Review] = []
        self._http = http
        self._chance = random.Random(seed)
        self._pause = pause

    async def work(self) -> None:
        """Until cancelled. What was not confirmed may or may not have happened: she looks at the page again."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self._decide_one()
            except httpx2.TransportError:
                continue

    async def _decide_one(self) -> None:
        page = await self._http.get("/console/held")
        if page.is_redirect:
            await self._http.post("/console/login", data={"email": EMAIL, "password": PASSWORD})
            return
        if forms := [Form(found[1], found[2], int(found[3])) for found in FORM.finditer(page.text)]:
            await self._decide(self._chance.choice(forms))

    async def _decide(self, form: Form) -> None:
        status = self._chance.choice((Status.APPROVED, Status.REJECTED))
        if await self._send(form, status) and self._chance.random() < SECOND_THOUGHTS:
            other = Status.REJECTED if status == Status.APPROVED else Status.APPROVED
            await self._send(replace(form, sequence=form.sequence + 1), other)

    async def _send(self, form: Form, status: Status) -> bool:
        verb = "approve" if status == Status.APPROVED else "reject"
        fields = {"csrf_token": form.csrf_token, "sequence": str(form.sequence), "category": "spam"}
        answer = await self._http.post(f"/console/comments/{form.comment_id}/{verb}", data=fields)
        confirmed = f"decided={form.comment_id}" in answer.headers.get("location", "")
        if confirmed:
            self.reviews.append(Review(form.comment_id, form.sequence + 1, status))
        return confirmed
