// Words of the page for what the script says: they come with the page, so that they are translated with it.
let known;

export function said(name, values = {}) {
  if (!known) {
    const parts = [...document.querySelectorAll("script[data-words]")];
    known = Object.assign({}, ...parts.map((part) => JSON.parse(part.textContent)));
  }
  const found = known[name] ?? "";
  return Array.isArray(found) ? found : found.replace(/\{(\w+)\}/g, (_all, value) => values[value] ?? "");
}

// A copy of a <template>, its slots filled. `data-slot` gets text; `data-if` goes away where its value is empty.
export function fill(name, values) {
  const copy = document.getElementById(name).content.cloneNode(true);
  fillIn(copy, values);
  return copy;
}

export function fillIn(root, values) {
  for (const place of root.querySelectorAll("[data-slot]")) {
    if (place.dataset.slot in values) place.textContent = values[place.dataset.slot];
  }
  for (const place of root.querySelectorAll("[data-if]")) {
    if (place.dataset.if in values) place.hidden = !values[place.dataset.if];
  }
}

// The second tap of a double tap was meant for what stood there before: it never reaches what the new view put in its place.
let shownAt = -Infinity;
addEventListener(
  "click",
  (event) => {
    if (event.detail < 2 || event.timeStamp - shownAt > 1000) return;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);

// One view of the page is shown, the others are hidden.
export function show(name) {
  shownAt = performance.now();
  for (const part of document.querySelectorAll("[data-view]")) part.hidden = !part.dataset.view.split(" ").includes(name);
  scrollTo(0, 0);
}

const local = (instant, part) => Number(instant.toLocaleString("en-GB", { timeZone: "Asia/Shanghai", [part]: "numeric" }));

// 2026-03-12, on the village's calendar.
export function isoDay(instant) {
  const part = (name) => String(local(instant, name)).padStart(2, "0");
  return `${local(instant, "year")}-${part("month")}-${part("day")}`;
}

// 3月12日，周四
export function dayWords(iso) {
  const day = new Date(`${iso}T12:00:00Z`);
  return said("day", { month: day.getUTCMonth() + 1, day: day.getUTCDate(), weekday: said("weekdays")[day.getUTCDay()] });
}

// 今天 10:24, 昨天 16:02, 3月12日 16:02
export function momentWords(text, now) {
  const instant = new Date(text);
  const time = instant.toLocaleTimeString("en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });
  const days = Math.round((new Date(isoDay(now)) - new Date(isoDay(instant))) / 86400000);
  if (days === 0 || days === 1) return said(days ? "yesterday" : "today", { time });
  const [, month, day] = isoDay(instant).split("-");
  return said("moment", { month: Number(month), day: Number(day), time });
}
