"""What a route of the API can ask for by type: the site that the key belongs to."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.core import errors, sites
from service.core.models import Scope, Site
from service.web import DatabaseDep

_bearer = HTTPBearer(auto_error=False, description="A site's key, `gp_<id>_<secret>`.")


def _holder_of(scope: Scope) -> Callable[..., Site]:
    def authenticate(
        database: DatabaseDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Site:
        if credentials is None:
            raise errors.UnauthorizedError
        with database.reading() as session:
            return sites.authenticate(session, credentials.credentials, scope)

    return authenticate


Submitter = Annotated[Site, Depends(_holder_of(Scope.SUBMIT))]
Reader = Annotated[Site, Depends(_holder_of(Scope.READ))]
Admin = Annotated[Site, Depends(_holder_of(Scope.ADMIN))]
