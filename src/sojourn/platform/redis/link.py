"""One storefront's line to Redis. When Redis is away it is not asked again for some seconds, so that a request waits
for it once at most, and mostly not at all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from sojourn.platform.redis.port import PAUSE_SECONDS, RedisAway

Answer = TypeVar("Answer")

CONNECT_SECONDS: Final = 0.4
COMMAND_SECONDS: Final = 0.4
LONGEST_SECONDS: Final = 1.0
CONNECTIONS: Final = 20

logger = structlog.get_logger(__name__)


class Link:
    """`url` as redis-py reads it (`redis://`, `rediss://`, `unix://`)."""

    def __init__(self, url: str) -> None:
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=COMMAND_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=COMMAND_SECONDS,
            # A line that broke while it lay idle is opened anew, once.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            decode_responses=True,
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._is_away = False
        self._ask_again_at = 0.0

    async def ask(self, question: Callable[[Redis], Awaitable[Answer]]) -> Answer:
        """Put one question. Raises `RedisAway`, at once while Redis is known to be away."""
        if self._is_away:
            if time.monotonic() < self._ask_again_at:
                raise RedisAway
            self._ask_again_at = time.monotonic() + PAUSE_SECONDS  # one asks for all
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                answer = await question(self._redis)
        except (RedisError, OSError, TimeoutError) as fault:
            self._note_away(fault)
            raise RedisAway from fault
        if self._is_away:
            self._is_away = False
            logger.info("redis is back")
        return answer

    def _note_away(self, fault: Exception) -> None:
        if not self._is_away:
            logger.warning("redis is away, going on without it", fault=repr(fault))
        self._is_away = True
        self._ask_again_at = time.monotonic() + PAUSE_SECONDS

    async def aclose(self) -> None:
        await self._redis.aclose()
