"""How many requests a minute a key may make, counted over all web processes: exact to the request, in any minute."""

import math
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from service.core.settings import Settings

log = structlog.get_logger()

WINDOW_SECONDS = 60
# Redis is on the path of every request: one that is frozen costs a request twice this, once.
_PATIENCE_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Quota:
    """What a key has left, after a request that was granted or refused."""

    limit: int
    left: int
    # Until the oldest request is out of the window, and there is one more.
    seconds: int
    granted: bool


class Quotas(Protocol):
    def take(self, key_id: str) -> Quota:
        """Count one request with this key, if it has one left."""

    def take_each(self, key_id: str, count: int) -> list[Quota]:
        """Count so many requests that come together, one after the other."""


def create(settings: Settings) -> Quotas | None:
    """None: there is no limit."""
    if not settings.requests_per_minute:
        return None
    if settings.redis_url is None:
        return LocalQuotas(settings.requests_per_minute)
    return SharedQuotas(settings.requests_per_minute, settings.redis_url.get_secret_value())


class LocalQuotas:
    """For one process: when each granted request came, key by key, oldest first."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._granted: defaultdict[str, deque[float]] = defaultdict(deque)
        self._tidy_at = clock() + WINDOW_SECONDS
        self._lock = threading.Lock()

    def take(self, key_id: str, share: int = 1) -> Quota:
        """Of the limit there is one part in `share` for this process."""
        return self.take_each(key_id, 1, share)[0]

    def take_each(self, key_id: str, count: int, share: int = 1) -> list[Quota]:
        with self._lock:
            granted, now = self._recent(key_id)
            left = math.ceil(self.limit / share) - len(granted)
            granted.extend([now] * min(left, count))
            oldest = granted[0] + WINDOW_SECONDS - now
            return _counted_down(self.limit, left, math.ceil(oldest), count)

    def note(self, key_id: str, count: int) -> None:
        """Requests that were granted elsewhere."""
        with self._lock:
            granted, now = self._recent(key_id)
            granted.extend([now] * count)

    def _recent(self, key_id: str) -> tuple[deque[float], float]:
        now = self._clock()
        if now >= self._tidy_at:
            self._tidy_at = now + WINDOW_SECONDS
            for idle in [key for key, came in self._granted.items() if came[-1] <= now - WINDOW_SECONDS]:
                del self._granted[idle]
        granted = self._granted[key_id]
        while granted and granted[0] <= now - WINDOW_SECONDS:
            granted.popleft()
        return granted, now


def _counted_down(limit: int, left: int, seconds: int, count: int) -> list[Quota]:
    """What each of so many requests is told when there were so many left before them."""
    return [Quota(limit, max(left - number, 0), seconds, granted=left >= number) for number in range(1, count + 1)]


# The same, by Redis' own clock, in microseconds. A list of numbers takes ten bytes for each.
_TAKE = """
local granted, processes = KEYS[1], KEYS[2]
local limit, window, process, count = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1e6, ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1e6 + time[2]
-- Numbers are written out: Lua would round them to 14 digits.
local written = string.format('%.0f', now)

local oldest = tonumber(redis.call('LINDEX', granted, 0))
while oldest and oldest <= now - window do
    redis.call('LPOP', granted)
    oldest = tonumber(redis.call('LINDEX', granted, 0))
end
local left = limit - redis.call('LLEN', granted)
for _ = 1, math.min(left, count) do
    redis.call('RPUSH', granted, written)
    redis.call('EXPIRE', granted, ARGV[2])
end

redis.call('ZREMRANGEBYSCORE', processes, '-inf', string.format('%.0f', now - window))
redis.call('ZADD', processes, written, process)
redis.call('EXPIRE', processes, ARGV[2])
return {left, math.ceil(((oldest or now) + window - now) / 1e6), redis.call('ZCARD', processes)}
"""


class SharedQuotas:
    """For several processes, counted in Redis. Without Redis each grants its share, by what it has granted itself."""

    def __init__(self, limit: int, redis_url: str) -> None:
        self.limit = limit
        self._own = LocalQuotas(limit)
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._redis.register_script(_TAKE)
        self._process = uuid.uuid4().hex
        self._processes = 1
        self._alone = threading.Event()
        self._lock = threading.Lock()

    def take(self, key_id: str) -> Quota:
        return self.take_each(key_id, 1)[0]

    def take_each(self, key_id: str, count: int) -> list[Quota]:
        if not self._alone.is_set():
            try:
                return self._ask(key_id, count)
            except redis.RedisError as error:
                self._go_on_alone(error)
        return self._own.take_each(key_id, count, share=self._processes)

    def _ask(self, key_id: str, count: int) -> list[Quota]:
        names = [f"gatepost:quota:{key_id}", "gatepost:quota-processes"]
        left, seconds, self._processes = self._script(names, [self.limit, WINDOW_SECONDS, self._process, count])
        if left > 0:
            self._own.note(key_id, min(left, count))
        return _counted_down(self.limit, left, seconds, count)

    def _go_on_alone(self, error: redis.RedisError) -> None:
        with self._lock:
            if self._alone.is_set():
                return
            self._alone.set()
        log.warning("quotas.alone", error=type(error).__name__)
        threading.Thread(target=self._look_for_redis, name="quotas", daemon=True).start()

    def _look_for_redis(self) -> None:
        """Off the requests' threads: none of them waits for a Redis that is known to be away."""
        while self._alone.is_set():
            time.sleep(_LOOK_AGAIN_SECONDS)
            try:
                self._redis.ping()
            except redis.RedisError:
                continue
            self._alone.clear()
            log.info("quotas.shared")
