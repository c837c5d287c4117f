"""PyPI perspectiveapi: asks for most that it knows."""

import asyncio
import json
import sys

from perspective import Attribute, Perspective


async def scores():
    client = Perspective(key=sys.argv[1])
    attributes = [Attribute.TOXICITY, Attribute.SEVERE_TOXICITY, Attribute.INSULT, Attribute.THREAT]
    for text in ("You are a stupid idiot.", "Thank you for the kind answer."):
        score = await client.score(text, attributes)
        yield {"toxicity": score.toxicity, "threat": score.threat, "flirtation": score.flirtation}


async def main():
    print(json.dumps([score async for score in scores()]))


asyncio.run(main())
