"""PyPI perspective.py: reads our errors word by word."""

import json
import sys

from perspective import Attributes, Client, errors

key = sys.argv[1]
client = Client(key)
try:
    Client("wrong")
except errors.InvalidToken:
    refused = True
print(
    json.dumps(
        {
            "refused": refused,
            "production": client.analyze("You are a stupid idiot.", Attributes.Production, language="en"),
            # It asks again without what is not supported, and takes its name from the error.
            "all": client.analyze("You are a stupid idiot.", Attributes.All, language="en", skip_on_lang=True),
        }
    )
)
