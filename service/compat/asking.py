"""What the doors have in common that answer at once: they hand comments in, and wait until these are decided."""

import asyncio
from collections.abc import Sequence

from fastapi import Request

from service.core.intake import Incoming
from service.core.models import Comment
from service.core.waiting import Waiting


async def decided(request: Request, incoming: Sequence[Incoming], until: float | None = None) -> list[Comment]:
    """The comments, decided or, when it is too late (`Waiting.submit`), PENDING. Raises as `Intake.submit` does."""
    waiting: Waiting = request.app.state.waiting
    try:
        return list(await asyncio.gather(*(waiting.submit(one, until) for one in incoming)))
    finally:
        quotas = [one.entry.quota for one in incoming if one.entry.quota]
        if quotas:
            request.state.quota = min(quotas, key=lambda quota: (quota.granted, quota.left))
