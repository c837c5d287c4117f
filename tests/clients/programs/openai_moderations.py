"""PyPI openai."""

import json
import sys

import openai

base_url, key = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=key)
texts = ["You are a stupid idiot.", "Thank you for the kind answer."]
many = client.moderations.create(model="omni-moderation-latest", input=texts)
parts = client.moderations.create(input=[{"type": "text", "text": texts[0]}])
try:
    client.with_options(api_key="wrong").moderations.create(input="Hello.")
except openai.AuthenticationError as error:
    refused = [error.status_code, error.code]
try:
    client.moderations.create(input=[{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}])
except openai.BadRequestError as error:
    image = [error.code, error.param]
results = [{"flagged": one.flagged, "harassment": one.category_scores.harassment} for one in many.results]
print(
    json.dumps(
        {
            "results": results,
            "categories": sorted(many.results[0].categories.model_dump(by_alias=True)),
            "missing": [name for name, value in many.results[0].category_scores.model_dump().items() if value is None],
            "parts": parts.results[0].flagged,
            "refused": refused,
            "image": image,
        }
    )
)
