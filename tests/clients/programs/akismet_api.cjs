// npm akismet-api.
"use strict";
const { AkismetClient } = require("akismet-api");

const [key, good, bad] = process.argv.slice(2);
const client = (key) => new AkismetClient({ key, blog: "https://blog.example.org" });
const comment = (content) => ({ ip: "203.0.113.7", useragent: "Mozilla/5.0", content, name: "Aiko" });

(async () => {
  const told = {
    verified: await client(key).verifyKey(),
    refused: !(await client("abcdefghijkl").verifyKey()),
    good: await client(key).checkSpam(comment(good)),
    bad: await client(key).checkSpam(comment(bad)),
  };
  await client(key).submitSpam(comment(good));
  await client(key).submitHam(comment(bad));
  console.log(JSON.stringify(told));
})();
