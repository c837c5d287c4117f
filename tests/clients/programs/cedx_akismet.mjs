// npm @cedx/akismet: anything but `false` is spam to it, and a debug header an error.
import { Author, Blog, Client, Comment } from "@cedx/akismet";

const [url, key, good, bad] = process.argv.slice(2);
const client = (key, options = {}) => new Client(key, new Blog({ url: "https://blog.example.org" }), { baseUrl: url, ...options });
const author = new Author({ ipAddress: "203.0.113.7", name: "Aiko", userAgent: "Mozilla/5.0" });
const comment = (content) => new Comment({ author, content, context: ["treaties", "peace"], date: new Date() });

const told = {
  verified: await client(key).verifyKey(),
  refused: !(await client("abcdefghijkl").verifyKey()),
  good: await client(key).checkComment(comment(good)),
  bad: await client(key).checkComment(comment(bad)),
  test: await client(key, { isTest: true }).checkComment(comment(bad)),
};
await client(key).submitSpam(comment(good));
await client(key).submitHam(comment(bad));
console.log(JSON.stringify(told));
