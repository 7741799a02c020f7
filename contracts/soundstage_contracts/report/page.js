"use strict";
const contracts = [...document.querySelectorAll("details.contract")];
const buttons = [...document.querySelectorAll(".tools button")];
const search = document.querySelector(".tools input");
let shown = "all";

function filter() {
  const words = search.value.trim().toLowerCase();
  for (const each of contracts) {
    const fits = (shown === "all" || each.classList.contains(shown)) && each.dataset.words.includes(words);
    each.classList.toggle("gone", !fits);
  }
  for (const section of document.querySelectorAll("section.vendor")) {
    const empty = !section.querySelector("details.contract:not(.gone)");
    section.classList.toggle("gone", empty && (shown !== "all" || words !== ""));
  }
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    shown = button.dataset.shows;
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    filter();
  });
}
search.addEventListener("input", filter);

function open() {
  const found = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (found && found.tagName === "DETAILS") {
    found.open = true;
    found.scrollIntoView({ block: "start" });
  }
}
window.addEventListener("hashchange", open);
open();
