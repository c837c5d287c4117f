"use strict";
// Comfort only: the pages do all of this without a script.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const main = one("main");
const html = document.documentElement;
const withKeys = html.hasAttribute("data-keys");
const POLL = 5000;
const AWAKE = 5 * 60 * 1000;

// --- Moving ---
const cards = () => all(".card");
const current = () => document.activeElement?.closest(".card");

function go(card) {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const list = cards();
  const at = list.indexOf(current());
  const to = at < 0 ? (step > 0 ? 0 : list.length - 1) : at + step;
  if (list[to]) go(list[to]);
  else if (step > 0) one(".pager .next, .fresh")?.focus();
  return list[to];
}

// After a decision: the next card that waits still, else the way on.
function moveOn(card) {
  const list = cards();
  const next = list.slice(list.indexOf(card) + 1).find((other) => !other.classList.contains("done"));
  if (next) go(next);
  else (one(".pager .next") ?? card).focus();
}

// --- Acting: the card is fetched anew and stays where it is ---
async function act(form, button) {
  const card = form.closest(".card");
  if (card.classList.contains("busy")) return;
  card.classList.add("busy");
  const focused = card.contains(document.activeElement);
  try {
    const answer = await fetch(button?.getAttribute("formaction") ?? form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, button)),
      headers: { "X-Card": "1" },
    });
    if (new URL(answer.url).pathname.endsWith("/login")) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(page, card, focused);
  } catch {
    card.classList.remove("busy");
    one("#news").replaceChildren(warning(document.createTextNode(one("#news").dataset.offline)));
  }
}

function show(page, card, focused) {
  const fresh = one(".card", page);
  const news = one(".news", page) ?? failure(page);
  if (news) one("#news").replaceChildren(news);
  card.classList.remove("busy");
  if (!fresh) return;
  const height = card.offsetHeight;
  const decided = fresh.matches(".approved:not(.questioned), .rejected") || one(".note:not(.report)", fresh) !== null;
  const moved = card.className.replace(" done", "") !== fresh.className || decided;
  card.replaceWith(fresh);
  if (main.dataset.queue && moved) {
    fresh.classList.add("done");
    fresh.style.minHeight = `${height}px`;
  }
  if (focused && moved) moveOn(fresh);
  else if (focused) go(fresh);
}

function failure(page) {
  const words = one(".detail", page);
  return words && warning(words);
}

function warning(words) {
  const news = document.createElement("div");
  news.className = "news stale";
  news.role = "status";
  news.append(words);
  return news;
}

document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-act")) return;
  event.preventDefault();
  act(event.target, event.submitter);
});

// --- Selecting ---
let anchor = null;
const picks = () => all(".pick");

function count() {
  const number = all(".pick:checked").length;
  const place = one("#picked");
  if (place) place.textContent = number;
}

function pick(card, on) {
  const box = one(".pick", card);
  if (!box) return;
  box.checked = on ?? !box.checked;
  anchor = box;
  count();
}

document.addEventListener("click", (event) => {
  if (!event.target.matches(".pick")) return;
  const boxes = picks();
  const [from, to] = [boxes.indexOf(anchor), boxes.indexOf(event.target)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((box) => (box.checked = event.target.checked));
  anchor = event.target;
  count();
});

function pickOn(step) {
  const card = current();
  if (card) pick(card, true);
  const next = move(step);
  if (next) pick(next, true);
}

// --- Keys ---
const SWITCHES = { v: "blur", g: "grey", h: "hide_scores" };

function turn(name) {
  const on = html.classList.toggle(name);
  if (name === "hide_scores") all(".machine").forEach((part) => (part.open = !on));
  const token = one("[name=csrf_token]").value;
  fetch(`/console/preferences/${name}`, { method: "POST", body: new URLSearchParams({ csrf_token: token }), redirect: "manual" });
}

// A field in the card that a key opens; what stands selected in the text goes into it.
function write(card, selector) {
  const field = one(selector, card);
  if (!field) return;
  const said = String(getSelection()).trim();
  one(".more", card).open = true;
  if (field.matches("button")) {
    const note = one("[name=note]", card);
    note.dataset.enter = field.dataset.note;
    note.focus();
  } else {
    if (said) field.value = said.slice(0, 200);
    field.focus();
  }
}

const COMMANDS = {
  j: () => move(1),
  k: () => move(-1),
  J: () => pickOn(1),
  K: () => pickOn(-1),
  A: () => cards().forEach((card) => pick(card, true)),
  x: () => current() && pick(current()),
  Escape: () => cards().forEach((card) => pick(card, false)),
  "?": () => one("#keymap").showModal(),
};

function press(key) {
  if (COMMANDS[key]) return COMMANDS[key](), true;
  if (SWITCHES[key]) return turn(SWITCHES[key]), true;
  const bulk = one(".pick:checked") && one(`[data-bulk="${key}"]`);
  if (bulk) return bulk.click(), true;
  const card = current();
  if (card && one(`[data-note="${key}"], [data-word="${key}"]`, card)) {
    return write(card, `[data-note="${key}"], [data-word="${key}"]`), true;
  }
  const target = (card && one(`[data-key="${key}"]`, card)) ?? all(`[data-key="${key}"]`).find((other) => !other.closest(".card"));
  if (!target || (key === "Enter" && document.activeElement !== card)) return false;
  target.matches("input") ? target.focus() : target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("textarea, select, input:not([type=checkbox])");
  if (field) {
    if (event.key === "Escape") (field.closest(".card") ?? main).focus();
    if (event.key === "Enter" && !event.shiftKey && field.dataset.enter) {
      event.preventDefault();
      one(`[data-note="${field.dataset.enter}"]`, field.closest(".card")).click();
    }
    return;
  }
  if (!withKeys || event.ctrlKey || event.metaKey || event.altKey || event.repeat || one("dialog[open]")) return;
  if (press(event.key)) event.preventDefault();
});
one("#keymap")?.addEventListener("click", (event) => event.target.id === "keymap" && event.target.close());
all('[data-key="?"]').forEach((button) => button.addEventListener("click", COMMANDS["?"]));

// --- What is new: shown behind a button, nothing moves ---
let touched = Date.now();
for (const kind of ["keydown", "pointermove", "scroll"]) addEventListener(kind, () => (touched = Date.now()), { passive: true });

async function look() {
  if (document.hidden) return;
  const here = Date.now() - touched < AWAKE ? "&here=1" : "";
  const answer = await fetch(main.dataset.live + here).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = one(".fresh", page);
  const place = one("#live");
  if (fresh?.textContent !== place.textContent) place.replaceChildren(...(fresh ? [fresh] : []));
  for (const value of all("[data-value]", page)) {
    for (const shown of all(`[data-count="${value.dataset.value}"]`)) shown.replaceChildren(...value.cloneNode(true).childNodes);
  }
  const others = one(".others");
  if (others) others.hidden = !one("li", others);
}
if (main?.dataset.live) setInterval(look, POLL);

one(".card:target")?.focus();

// On a phone the bar is wider than the window.
for (const here of all(".bar [aria-current], .tabs [aria-current]")) {
  here.scrollIntoView({ inline: "nearest", block: "nearest" });
}
