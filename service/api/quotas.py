"""What a key has left of its requests, told with every answer, as draft-ietf-httpapi-ratelimit-headers-10 has it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core.quotas import WINDOW_SECONDS, Quota


class QuotaHeaders:
    """ASGI middleware: puts the request's quota (`request.state.quota`), once it is known, on the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})

        async def with_quota(message: Message) -> None:
            if message["type"] == "http.response.start" and "quota" in state:
                MutableHeaders(scope=message).update(_headers(state["quota"]))
            await send(message)

        await self.app(scope, receive, with_quota)


def _headers(quota: Quota) -> dict[str, str]:
    policy = {"RateLimit-Policy": f'"key";q={quota.limit};w={WINDOW_SECONDS}'}
    state = {"RateLimit": f'"key";r={quota.left};t={quota.seconds}'}
    return policy | state | ({} if quota.granted else {"Retry-After": str(quota.seconds)})
