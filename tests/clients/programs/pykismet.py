"""PyPI pykismet3: the key in the host's name, over plain http."""

import json
import sys

from pykismet3 import Akismet, AkismetServerError

key, good, bad = sys.argv[1:]
author = {"user_ip": "203.0.113.7", "user_agent": "Mozilla/5.0", "referrer": "unknown"}


def client(key):
    return Akismet(api_key=key, blog_url="https://blog.example.org", user_agent="Test/1.0")


try:
    client("abcdefghijkl").check({**author, "comment_content": good})
    refused = False
except AkismetServerError:
    refused = True
told = {
    "refused": refused,
    "good": client(key).check({**author, "comment_content": good}),
    "bad": client(key).check({**author, "comment_content": bad}),
}
client(key).submit_spam({**author, "comment_content": good})
client(key).submit_ham({**author, "comment_content": bad})
print(json.dumps(told))
