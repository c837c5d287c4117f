"""What an open page asks every few seconds: what is new, and how much waits. It says that its reader is still there."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from service.console import pages, queue
from service.console.auth import Watching
from service.console.filters import Filters
from service.core import claims, queues
from service.core.queues import Queue
from service.web import DatabaseDep

router = APIRouter()

MOST_NEW = 99


class Asked(Filters):
    queue: Queue = Queue.HELD
    since: Annotated[AwareDatetime, Query()]
    # Whether somebody sits before the page.
    here: bool = False


@router.get("/live")
def look(visit: Watching, database: DatabaseDep, asked: Annotated[Asked, Query()]) -> Response:
    chosen = Filters.model_validate(asked.model_dump(include=set(Filters.model_fields)))
    since: datetime = asked.since
    if asked.here:
        with database.transaction() as session:
            claims.renew(session, visit.moderator.id)
    with database.reading() as session:
        new = queues.new(session, queue.wanted_by(visit, asked.queue, chosen), since, MOST_NEW + 1)
        counts = queue.count(session, visit)
    address = chosen.address(asked.queue)
    return pages.show(visit, "live.html", new=new, most_new=MOST_NEW, counts=counts, address=address)
