"""What a route of the API can ask for by type: the site that the key belongs to."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from service.core import errors
from service.core.models import Scope, Site
from service.web import holder

_bearer = HTTPBearer(auto_error=False, description="A site's key, `gp_<id>_<secret>`.")


def _authenticate(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    needed: SecurityScopes,
) -> Site:
    if credentials is None:
        raise errors.UnauthorizedError
    (scope,) = needed.scopes
    return holder(request, credentials.credentials, Scope(scope))


# As scopes of `Security`, so that the OpenAPI document says which key a route needs.
Submitter = Annotated[Site, Security(_authenticate, scopes=[Scope.SUBMIT])]
Reader = Annotated[Site, Security(_authenticate, scopes=[Scope.READ])]
Admin = Annotated[Site, Security(_authenticate, scopes=[Scope.ADMIN])]
