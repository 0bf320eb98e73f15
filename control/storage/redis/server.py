"""What the Redis server says of itself, for those who look after it."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from control.storage.redis.client import connect


@dataclass(frozen=True, slots=True)
class Server:
    version: str
    bytes: int  # that it uses
    now: float  # seconds since 1970, by its clock


def describe(url: str) -> Server | str:
    """Or why it does not answer."""
    client = connect(url)
    try:
        info, (seconds, micros) = client.info(), client.time()
    except redis.RedisError as error:
        return str(error)
    finally:
        client.close()
    return Server(info["redis_version"], info["used_memory"], seconds + micros / 1e6)
