// Receive Gatepost's webhooks: verified with the `standardwebhooks` library, `npm install standardwebhooks`.
//
//     SECRET=whsec_… node receive.cjs 8080
//
// `POST /v1/webhooks {"url": …}` gives the secret.
const http = require("node:http");
const { Webhook } = require("standardwebhooks");

const webhook = new Webhook(process.env.SECRET);

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  // The bytes as they came: what was parsed and written anew has another signature.
  const body = Buffer.concat(chunks).toString("utf8");
  try {
    webhook.verify(body, request.headers);
  } catch {
    response.writeHead(401).end();
    return;
  }
  take(JSON.parse(body));
  response.writeHead(204).end();
});

// An event may come twice, and late: store `sequence` with the comment, and pass over what is not higher.
function take({ type, data }) {
  if (type.startsWith("comment.")) console.log(data.external_id, data.sequence, data.status);
}

server.listen(Number(process.argv[2]), "127.0.0.1");
