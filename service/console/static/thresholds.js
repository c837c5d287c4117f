"use strict";
// The slider's figures at once; without a script its button asks for them.
const form = document.getElementById("explore");
if (form) {
  const above = JSON.parse(form.dataset.above);
  const slider = document.getElementById("at");
  const wanted = document.getElementById("wanted");
  const cells = document.querySelectorAll("#then td");
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

  // Wilson's interval, as `service.core.intervals` has it.
  const wilson = (count, of) => {
    const z = 1.959964;
    const [part, spread] = [count / of, (z * z) / of];
    const reach = z * Math.sqrt((part * (1 - part)) / of + spread / (4 * of));
    const ends = [part + spread / 2 - reach, part + spread / 2 + reach].map((end) => end / (1 + spread));
    return [Math.max(ends[0], 0), Math.min(ends[1], 1)].map((end) => percent.format(end));
  };

  const show = () => {
    const step = Number(slider.value);
    const [held, approved, rejected] = above[step];
    document.querySelector("#then output").textContent = step;
    [held, approved, rejected].forEach((value, place) => { cells[place].textContent = number.format(value); });
    const known = approved + rejected;
    cells[3].textContent = known ? `${percent.format(rejected / known)} (${wilson(rejected, known).join(" – ")})` : "–";
    document.getElementById("limit").setAttribute("d", `M${step - 0.5} -4V104`);
    if (wanted) wanted.value = step;
  };
  slider.addEventListener("input", show);
  wanted?.addEventListener("input", () => {
    if (!wanted.reportValidity()) return;
    slider.value = wanted.value;
    show();
  });
}
