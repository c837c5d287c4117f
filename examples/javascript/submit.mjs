// Submit a comment: `GATEPOST=http://127.0.0.1:8000 KEY=gp_… node submit.mjs c-42 "The text."`.
//
// The answer is 202 once the comment is stored; the decision comes by webhook. Sent again with the same `external_id`
// it is the same comment: after a timeout or a 503 just try again.
const [external_id, text] = process.argv.slice(2);
const answer = await fetch(`${process.env.GATEPOST}/v1/comments`, {
  method: "POST",
  headers: { authorization: `Bearer ${process.env.KEY}`, "content-type": "application/json" },
  body: JSON.stringify({ external_id, text, author_name: "Aiko", author_email: "aiko@example.org" }),
  signal: AbortSignal.timeout(10_000),
});
if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
console.log(answer.status, (await answer.json()).status);
