"""PyPI akismet-async."""

import asyncio
import json
import sys

from akismet import Akismet, Comment

key, good, bad = sys.argv[1:]


def comment(text):
    return Comment(comment_content=text, user_ip="203.0.113.7", user_agent="Mozilla/5.0", referrer="unknown")


async def main():
    client = Akismet(api_key=key, blog="https://blog.example.org", user_agent="Test/1.0")
    told = {
        "verified": await client.verify_key(),
        "refused": not await Akismet(api_key="abcdefghijkl", blog="https://blog.example.org").verify_key(),
        "good": (await client.check(comment(good))).name,
        "bad": (await client.check(comment(bad))).name,
    }
    await client.submit_spam(comment(good))
    await client.submit_ham(comment(bad))
    print(json.dumps(told))


asyncio.run(main())
