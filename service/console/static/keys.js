"use strict";
// Comfort only: the pages do all of this without a script.
const cards = [...document.querySelectorAll(".card")];
const current = () => document.activeElement?.closest(".card");

function move(step) {
  const at = cards.indexOf(current());
  const to = at < 0 ? 0 : Math.min(Math.max(at + step, 0), cards.length - 1);
  cards[to]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "j") return move(1);
  if (event.key === "k") return move(-1);
  if (/^[a-z]$/.test(event.key)) current()?.querySelector(`[data-key="${event.key}"]`)?.click();
});

document.querySelector(".keys")?.removeAttribute("hidden");
// After a decision the address names the comment that follows.
document.querySelector(".card:target")?.focus();
