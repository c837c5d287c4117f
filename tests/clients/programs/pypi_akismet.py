"""PyPI akismet: all that it can ask."""

import json
import os
import sys

# It waits for a second by default, which a busy machine may take.
os.environ["PYTHON_AKISMET_TIMEOUT"] = "60"

import akismet

key, good, bad = sys.argv[1:]
config = akismet.Config(key=key, url="https://blog.example.org")
client = akismet.SyncClient.validated_client(config=config)
try:
    akismet.SyncClient.validated_client(config=config._replace(key="abcdefghijkl"))
    refused = False
except akismet.APIKeyError:
    refused = True
author = {"user_ip": "203.0.113.7", "comment_author": "Aiko"}
told = {
    "refused": refused,
    "good": client.comment_check(**author, comment_content=good).name,
    "bad": client.comment_check(**author, comment_content=bad).name,
    "test": client.comment_check(user_ip="203.0.113.7", comment_author="akismet-guaranteed-spam").name,
    "spam": client.submit_spam(**author, comment_content=good),
    "ham": client.submit_ham(**author, comment_content=bad),
    "usage": client.usage_limit(),
    "sites": client.key_sites(),
}
print(json.dumps(told))
