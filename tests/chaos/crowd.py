"""Many readers who comment, one after another whatever happens, as a blog passes them on."""

import asyncio
import random
import time
from typing import Any

import httpx2

HARMLESS = ("thank you", "the article", "I lived there", "my neighbours", "the treaty", "in autumn")
HOSTILE = ("You are a worthless idiot.", "Cheap replica watches http://a.example http://b.example buy now")
HOSTILE_SHARE = 0.2
# A reader who clicks twice; a blog that tries again after an answer that it has not read.
REPEATED_SHARE = 0.05
PATIENCE = 30.0
PAUSE = 0.5


class Crowd:
    """Submits at a steady pace; `accepted` are the ids that were answered 202, `seconds` how long those took."""

    def __init__(self, http: httpx2.AsyncClient, seed: int, per_second: float) -> None:
        self.accepted: set[str] = set()
        self.seconds: list[float] = []
        self.given_up = 0
        self.refused: list[str] = []
        self._http = http
        self._chance = random.Random(seed)
        self._interval = 1 / per_second

    async def submit(self, until: float) -> None:
        """Until the moment of the event loop's clock; waits for the last answers."""
        clock = asyncio.get_running_loop().time
        started = clock()
        number = 0
        async with asyncio.TaskGroup() as readers:
            while clock() < until:
                readers.create_task(self._comment(self._body(number)))
                number += 1
                # By the clock, not by the pause: a slow answer must not slow down the crowd.
                await asyncio.sleep(started + number * self._interval - clock())

    def _body(self, number: int) -> dict[str, Any]:
        words = " ".join(self._chance.choices(HARMLESS, k=6))
        text = self._chance.choice(HOSTILE) if self._chance.random() < HOSTILE_SHARE else words
        author = str(self._chance.randrange(300))
        return {"text": f"{text} ({number})", "external_id": str(number), "author_id": author}

    async def _comment(self, body: dict[str, Any]) -> None:
        await self._submit(body)
        if self._chance.random() < REPEATED_SHARE:
            await self._submit(body)

    async def _submit(self, body: dict[str, Any]) -> None:
        """Try again and again with the same external id, as a blog should."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if await self._try(body):
                return
            await asyncio.sleep(PAUSE)
        self.given_up += 1

    async def _try(self, body: dict[str, Any]) -> bool:
        started = time.monotonic()
        try:
            answer = await self._http.post("/v1/comments", json=body)
        except httpx2.TransportError:
            return False
        if answer.status_code == httpx2.codes.ACCEPTED:
            self.seconds.append(time.monotonic() - started)
            self.accepted.add(answer.json()["id"])
        elif not answer.is_server_error:
            self.refused.append(f"{answer.status_code} {answer.text[:200]}")
        return not answer.is_server_error
