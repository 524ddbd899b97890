// Hands in what waits on this phone. The server settles each key once, so it may be said again after any cut.
import { drop, entries, find, keep, note, put, wipe } from "./store.js";

const FORMAT = 1;
const ITEMS_MOST = 5;
const BYTES_MOST = 3000000;
const SHOWN_DAYS = 7;
const KEPT_DAYS = 90;
const DAY = 86400000;
const heard = typeof BroadcastChannel === "function" ? new BroadcastChannel("wenming") : null;

// Tells the other pages of this browser, and this one, that something changed.
export function changed() {
  heard?.postMessage("changed");
  if (typeof document !== "undefined") document.dispatchEvent(new Event("kept"));
}
export function onChange(act) {
  document.addEventListener("kept", act);
  if (heard) heard.onmessage = act;
}

// The time by the server's clock as far as it was heard: old phones' clocks are often wrong.
export async function now() {
  const me = await note("me");
  return new Date(Date.now() + ((me && me.skew) || 0));
}

async function say(address, options, seconds) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  try {
    return await fetch(address, { credentials: "same-origin", cache: "no-store", redirect: "manual", signal: stop.signal, ...options });
  } finally {
    clearTimeout(timer);
  }
}

// What an answer means for the sender: in, login, or a fault with its number.
async function read(answer) {
  if (answer.type === "opaqueredirect") return { state: "login" };
  const text = await answer.text();
  try {
    if (answer.ok) return { state: "in", ...JSON.parse(text) };
  } catch {
    return { state: "offline" };
  }
  return { state: "fault", fault: (text.match(/E-\d{6}/) || [""])[0] };
}

// Whether the bank can be reached, and for whom it would take things now.
export async function ask(outbox) {
  let me;
  try {
    me = await read(await say(outbox, { headers: { Accept: "application/json" } }, 15));
  } catch {
    return { state: "offline" };
  }
  if (me.state !== "in") return me;
  for (const owner of me.ended) await wipe(owner);
  const known = (await note("me")) || {};
  await keep("me", { ...known, owner: me.owner, device: me.device, skew: new Date(me.now) - Date.now() });
  return me;
}

function text64(blob) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function itemOf(entry) {
  const photos = await Promise.all((entry.photos || []).map(text64));
  const item = { key: entry.key, format: entry.format || FORMAT, made_at: entry.made_at, ...entry.asked };
  return photos.length ? { ...item, photos } : item;
}

async function settle(fate, at) {
  const entry = await find(fate.key);
  if (!entry || entry.state !== "waiting") return;
  const told = { state: fate.outcome, words: fate.words, code: fate.code, field: fate.field, address: fate.address, settled_at: at };
  const rest = fate.outcome === "applied" ? { ...entry, photos: [], asked: {}, typed: null, people: [] } : entry;
  await put({ ...rest, ...told });
}

async function send(batch, me) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": me.token };
  const items = await Promise.all(batch.map(itemOf));
  const body = JSON.stringify({ owner: me.owner, device: batch[0].device, items });
  let answer;
  try {
    answer = await read(await say(batch[0].to, { method: "POST", headers, body }, 90));
  } catch {
    return { state: "offline" };
  }
  if (answer.state !== "in") return answer;
  const at = new Date().toISOString();
  for (const fate of answer.fates) await settle(fate, at);
  changed();
  return answer;
}

const size = (entry) => (entry.photos || []).reduce((sum, photo) => sum + photo.size * 1.4, 2000);

// Batches of one address and one device, in the order in which things were made.
function batches(waiting) {
  const found = [];
  for (const entry of waiting) {
    const last = found[found.length - 1];
    const fits = last && last[0].to === entry.to && last[0].device === entry.device && last.length < ITEMS_MOST;
    if (fits && last.reduce((sum, one) => sum + size(one), size(entry)) < BYTES_MOST) last.push(entry);
    else found.push([entry]);
  }
  return found;
}

async function tidy(owner) {
  for (const entry of await entries(owner)) {
    const age = Date.now() - new Date(entry.settled_at || entry.made_at);
    if (entry.state === "applied" && age > SHOWN_DAYS * DAY) await drop(entry.key);
    if (entry.state !== "waiting" && age > KEPT_DAYS * DAY) await drop(entry.key);
  }
}

async function deliver(outbox) {
  const me = await ask(outbox);
  if (me.state !== "in") return me;
  await tidy(me.owner);
  let outcome = me;
  for (const batch of batches((await entries(me.owner)).filter((entry) => entry.state === "waiting"))) {
    let answer = await send(batch, me);
    if (answer.state === "fault" && batch.length > 1) {
      // One bad item must not hold up the others: say each alone.
      for (const entry of batch) answer = await send([entry], me);
    }
    if (answer.state === "offline" || answer.state === "login") return answer;
    if (answer.state === "fault") outcome = answer;
  }
  return outcome;
}

// One delivery at a time in this browser, where it can say so; elsewhere the server sorts out doubles.
export function drain(outbox) {
  return navigator.locks ? navigator.locks.request("wenming-delivery", () => deliver(outbox)) : deliver(outbox);
}
