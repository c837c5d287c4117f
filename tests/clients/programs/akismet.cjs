// npm akismet: the key in the host's name, over plain http.
"use strict";
const { promisify } = require("util");
const { client } = require("akismet");

const [key, good, bad] = process.argv.slice(2);
const ask = (apiKey, name, ...given) => {
  const asked = client({ blog: "https://blog.example.org", apiKey });
  return promisify(asked[name].bind(asked))(...given);
};
const comment = (text) => ({ user_ip: "203.0.113.7", comment_author: "Aiko", comment_content: text });

(async () => {
  const told = {
    verified: await ask(key, "verifyKey"),
    refused: !(await ask("abcdefghijkl", "verifyKey")),
    good: await ask(key, "checkComment", comment(good)),
    bad: await ask(key, "checkComment", comment(bad)),
  };
  await ask(key, "submitSpam", comment(good));
  await ask(key, "submitHam", comment(bad));
  console.log(JSON.stringify(told));
})();
