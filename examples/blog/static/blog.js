// Keeps the responses current: whenever the blog says that something changed, ask for the list again.
const announcement = document.getElementById("announcement");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

async function refresh() {
  const answer = await fetch("/comments");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  show(document.adoptNode(page.getElementById("comments")));
}

function show(comments) {
  const shown = document.getElementById("comments");
  if (shown.isEqualNode(comments)) return;
  const before = new Map([...shown.querySelectorAll("li")].map((item) => [item.id, item.dataset.status]));
  shown.replaceWith(comments);
  for (const item of comments.querySelectorAll("li")) {
    if (before.get(item.id) === item.dataset.status) continue;
    if (!calm.matches) item.animate({ opacity: [0.2, 1] }, 700);
    // A screen reader hears what others see change.
    announcement.textContent = `${item.querySelector(".author").textContent}: ${item.querySelector("b").lastChild.textContent}`;
  }
}

// One refresh after another: an old answer must not overtake a newer one.
let last = Promise.resolve();
new EventSource("/changes").onmessage = () => {
  last = last.then(refresh).catch(console.warn);
};
