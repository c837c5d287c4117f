// npm openai.
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const { results } = await client.moderations.create({
  input: ["You are a stupid idiot.", "Thank you for the kind answer."],
});
const refused = await new OpenAI({ baseURL, apiKey: "wrong" }).moderations
  .create({ input: "Hello." })
  .catch((error) => [error.status, error.code]);
console.log(JSON.stringify({ flagged: results.map((result) => result.flagged), refused }));
