"""PyPI python-akismet: reads the answer as JSON, and sends is_test=False with everything."""

import json
import sys

from akismet import Akismet
from akismet.exceptions import AkismetServerError

key, good, bad = sys.argv[1:]
author = {"user_ip": "203.0.113.7", "user_agent": "Mozilla/5.0", "comment_author": "Aiko"}


def client(key):
    return Akismet(key, blog="https://blog.example.org", application_user_agent="Test/1.0")


try:
    client("abcdefghijkl").check(**author, comment_content=good)
    refused = ""
except AkismetServerError as error:
    refused = str(error)
told = {
    "refused": refused,
    "good": client(key).check(**author, comment_content=good),
    "bad": client(key).check(**author, comment_content=bad),
}
client(key).submit_spam(**author, comment_content=good)
client(key).submit_ham(**author, comment_content=bad)
print(json.dumps(told))
