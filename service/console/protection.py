"""What keeps other sites' pages out: the headers of every answer, and the origin of every form."""

from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core import errors
from service.web import SettingsDep

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Other sites learn nothing. With `no-referrer` browsers send `Origin: null` with our own forms too (Fetch).
    "Referrer-Policy": "same-origin",
}
_SAFE = {"GET", "HEAD", "OPTIONS"}


class Headers:
    """ASGI middleware: puts `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)


def require_same_origin(request: Request, settings: SettingsDep) -> None:
    """Refuse what another site's page sends. Raises ForbiddenError.

    `Sec-Fetch-Site` decides where the browser sends it (https and loopback), else `Origin`; one of them comes from
    every browser since 2020.
    """
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "")
    ours = {request.headers.get("Host"), urlsplit(settings.public_url).netloc}
    if not (site == "same-origin" if site else origin.partition("://")[2] in ours):
        raise errors.ForbiddenError("This form was sent from somewhere else. Nothing has changed.")
