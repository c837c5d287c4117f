"""A site's keys: issue, list, revoke."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin
from service.core import keys
from service.core.models import Key, Scope, Text, UtcTime
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/keys", tags=["site"], route_class=IJsonRoute, responses=problems.responses(401, 403, 422, 503)
)

SCOPE = "submit: post, edit, erase and decide comments; read: look them up; admin: everything."
KeyId = Annotated[str, Path(pattern="^[a-z0-9]{12}$", description="The part between `gp_` and the next `_`.")]


class KeyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    scope: Scope = Field(Scope.SUBMIT, description=SCOPE)
    name: Annotated[Text, Field(max_length=200)] = Field("", description="What the key is for.", examples=["the blog"])
    expires_at: UtcTime | None = Field(None, description="Not given: it holds until it is revoked.")


class KeyOut(BaseModel):
    id: str = Field(description="Names the key and opens nothing.", examples=["3f9k2m7q8x1z"])
    scope: Scope = Field(description=SCOPE)
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the hour; null while it was never used.")
    revoked_at: datetime | None


class NewKey(KeyOut):
    key: str = Field(description="`gp_<id>_<secret>`. Shown here only.")


@router.post("", status_code=201, responses=problems.responses(413))
def create_key(site: Admin, database: DatabaseDep, wanted: KeyIn) -> NewKey:
    """Issue another key. Keys live side by side, so that one can take another's place without a pause."""
    with database.transaction() as session:
        bearer = keys.issue(session, site.id, wanted.scope, wanted.name, wanted.expires_at)
        return NewKey(key=bearer, **_public(session.get_one(Key, keys.public_id(bearer))))


@router.get("")
def list_keys(site: Admin, database: DatabaseDep) -> list[KeyOut]:
    """The site's keys without their secrets, newest first, also those that open nothing any more."""
    with database.reading() as session:
        return [KeyOut(**_public(key)) for key in keys.listed(session, site.id)]


@router.delete("/{key_id}", status_code=204, responses=problems.responses(404))
def revoke_key(site: Admin, database: DatabaseDep, key_id: KeyId) -> None:
    """Take the key's power away, at once; also that of the key that asks for it."""
    with database.transaction() as session:
        keys.revoke(session, key_id, site.id)


def _public(key: Key) -> dict[str, object]:
    return key.model_dump(exclude={"site_id", "secret_hash"})
