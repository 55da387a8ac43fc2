"""NAT's own token storage on Redis: `ObjectStoreTokenStorage.retrieve`, which neither seals nor asks who wants to know.

Prints one JSON object. Arguments: the port of a Redis of our own, and how often.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta

from measure import measure
from nat.authentication.token_storage import ObjectStoreTokenStorage
from nat.data_models.authentication import AuthResult, BearerTokenCred
from nat.plugins.redis.redis_object_store import RedisObjectStore
from pydantic import SecretStr

PEOPLE = 1000
TOKEN_LENGTH = 900


async def main(port: int, count: int) -> None:
    """Store a token for each of a thousand people, then read them."""
    async with RedisObjectStore(bucket_name="tokens", host="127.0.0.1", port=port, db=0) as objects:
        storage = ObjectStoreTokenStorage(objects)
        ends = datetime.now(UTC) + timedelta(hours=1)
        for person in range(PEOPLE):
            token = f"{person:04}".ljust(TOKEN_LENGTH, "x")
            credential = BearerTokenCred(token=SecretStr(token), scheme="Bearer", header_name="Authorization")
            await storage.store(f"person-{person}", AuthResult(credentials=[credential], token_expires_at=ends))

        async def retrieve(number: int) -> None:
            person = number % PEOPLE
            found = await storage.retrieve(f"person-{person}")
            if found is None or not found.credentials[0].token.get_secret_value().startswith(f"{person:04}"):
                raise SystemExit("the storage answered with something else than what was stored")

        sys.stdout.write(json.dumps(await measure(retrieve, count)) + "\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
