"""PyPI PyPerspective: tries its key with an empty request, and reads the details of the error."""

import json
import sys

from PyPerspective.errors import InvalidAuthKey
from PyPerspective.Perspective import Perspective

client = Perspective(sys.argv[1])
try:
    Perspective("wrong")
except InvalidAuthKey:
    refused = True
comment = client.get_score("You are a stupid idiot.", tests=["TOXICITY", "INSULT"])
span = comment["TOXICITY"][0]
print(
    json.dumps(
        {
            "refused": refused,
            "toxicity": comment["TOXICITY"].score,
            "span": [span.start, span.end, str(span)],
        }
    )
)
