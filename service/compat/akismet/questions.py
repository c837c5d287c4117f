"""Who asks, and what: a request with its fields, and the client whose key came with it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from service.compat.akismet import fields as fields_of
from service.compat.akismet.answers import InvalidError
from service.compat.akismet.fields import Fields
from service.core import admission, akismet_keys
from service.core.admission import Entry
from service.core.akismet_keys import Client
from service.core.errors import QuotaError
from service.core.models import Scope
from service.web import DatabaseDep

# What these ask is about the key that they name.
_ABOUT_KEYS = {"verify-key", "get-subscription", "deactivate"}


@dataclass(frozen=True)
class Question:
    """A request with a live key."""

    client: Client
    fields: Fields


async def question(request: Request, database: DatabaseDep) -> Question:
    """Raises InvalidError for a key that opens nothing, and UnreadableError."""
    fields = await fields_of.read(request)
    about_key = request.url.path.rpartition("/")[2] in _ABOUT_KEYS
    keys = list((fields_of.asked_about if about_key else fields_of.candidates)(request, fields))

    def find() -> Client | None:
        with database.reading() as session:
            return akismet_keys.find(session, keys)

    client = await run_in_threadpool(find)
    if client is None:
        raise InvalidError("The key is unknown, revoked, or missing: `gatepost akismet key` makes one.")
    return Question(client, fields)


async def counted(request: Request, database: DatabaseDep, asked: Annotated[Question, Depends(question)]) -> Question:
    """A question that counts as a request of its key. Raises QuotaError."""
    entry = Entry("", asked.client.holder)
    await run_in_threadpool(admission.admit, database, request.app.state.quotas, [entry], Scope.SUBMIT)
    if entry.quota:
        request.state.quota = entry.quota
    if isinstance(entry.found, QuotaError):
        raise entry.found
    return asked


Asked = Annotated[Question, Depends(question)]
Counted = Annotated[Question, Depends(counted)]
