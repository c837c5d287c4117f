// npm perspective-api-client.
import Perspective from "perspective-api-client";

const client = new Perspective({ apiKey: process.argv[2] });
const toxic = await client.analyze("You are a stupid <b>idiot</b>.", { attributes: ["toxicity", "insult"] });
const harmless = await client.analyze("Thank you for the kind answer.");
const refused = await new Perspective({ apiKey: "wrong" }).analyze("Hello.").catch((error) => error.message);
console.log(JSON.stringify({ toxic, harmless, refused }));
