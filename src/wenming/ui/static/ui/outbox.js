// On every page where something may wait on this phone: says how much, hands it in when it can, clears up at log-out.
import { changed, drain, onChange } from "./delivery.js";
import { entries, keep, note, wipe } from "./store.js";
import { said } from "./words.js";

const line = document.getElementById("kept");
const { outbox, worker, owner, device } = line.dataset;
const skew = new Date(line.dataset.now) - Date.now();
const AGAIN = 60000;
let last = { state: "in" };

const look = () => ({ ...document.documentElement.dataset });

async function counts() {
  const me = owner || ((await note("me")) || {}).owner;
  const all = me ? await entries(me) : [];
  const waiting = all.filter((entry) => entry.state === "waiting").length;
  return { waiting, unsolved: all.filter((entry) => ["refused", "duplicate", "conflict"].includes(entry.state)).length };
}

function wordsFor({ waiting, unsolved }) {
  if (waiting && last.state === "busy") return said("sending", { n: waiting });
  if (waiting && last.state === "login") return said("login", { n: waiting });
  if (waiting && last.state === "fault") return said("fault", { n: waiting });
  if (waiting) return said("waiting", { n: waiting });
  return unsolved ? said("unsolved", { n: unsolved }) : "";
}

async function show() {
  const found = await counts();
  const words = wordsFor(found);
  line.hidden = !words;
  line.querySelector("a").textContent = words;
  // The server draws the line with the page, so that nothing jumps when the script comes.
  document.cookie = `wm_kept=${found.waiting}.${found.unsolved}; path=/; max-age=7776000; samesite=lax`;
  document.dispatchEvent(new CustomEvent("handed", { detail: { ...found, ...last } }));
  return found;
}

// Hands in what waits; answers with how it went, for whoever waits for it.
export async function handIn() {
  if ((await counts()).waiting) {
    last = { state: "busy" };
    await show();
  }
  last = await drain(outbox);
  await show();
  return last;
}

// Asks the browser to hand in by itself when the network is back, and not to clear what waits. Both are bonuses.
export function whenBack() {
  navigator.serviceWorker?.ready.then((found) => found.sync?.register("outbox")).catch(() => {});
  navigator.storage?.persist?.().catch(() => {});
}

async function ifWaiting() {
  if (last.state !== "busy" && (await counts()).waiting) await handIn();
}

async function leave(form) {
  const { waiting } = await counts();
  if (waiting && !form.dataset.sure) location.assign(`${line.dataset.page}#leave`);
  else {
    await wipe(owner);
    document.cookie = "wm_kept=; path=/; max-age=0";
    form.submit();
  }
}

document.addEventListener("submit", (event) => {
  if (!owner || event.target.getAttribute("action") !== line.dataset.logout) return;
  event.preventDefault();
  leave(event.target).catch(() => event.target.submit());
});

async function start() {
  if (location.pathname === line.dataset.page) line.querySelector("a").removeAttribute("href");
  for (const ended of line.dataset.ended.split(" ").filter(Boolean)) await wipe(ended);
  const known = (await note("me")) || {};
  if (owner) await keep("me", { owner, device: device || (known.owner === owner ? known.device : ""), look: look(), skew });
  onChange(show);
  addEventListener("online", ifWaiting);
  document.addEventListener("visibilitychange", () => document.hidden || ifWaiting());
  setInterval(ifWaiting, AGAIN);
  const { waiting } = await show();
  if (waiting) await handIn();
}

navigator.serviceWorker?.register(worker, { type: "module", updateViaCache: "none" }).catch(() => {});
export const ready = start().then(
  () => true,
  () => false, // Without a store (private windows of some browsers) every page works as it does without script.
);
export { changed, owner, outbox };
