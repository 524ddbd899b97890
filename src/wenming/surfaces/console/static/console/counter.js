// The counter without network: takes the list along, hands over by code from it, keeps each hand-over until it is booked.
import { ask, now, onChange } from "../ui/delivery.js";
import { handIn, outbox, owner as logged, ready, whenBack } from "../ui/outbox.js";
import { drop, entries, find, keep, newKey, note, put } from "../ui/store.js";
import { fill, fillIn, momentWords, said } from "../ui/words.js";

const kept = document.getElementById("counter-kept");
const isShell = Boolean(kept.dataset.shell);
let owner = logged;
let listed = null;
let found = null;

const part = (id) => document.getElementById(id);
const bytes = (text) => new TextEncoder().encode(text);

// The same slow hash as the server's: the list says nothing about the codes to who has not got one.
async function tagOf(order, code) {
  const key = await crypto.subtle.importKey("raw", bytes(code), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(order), iterations: listed.rounds };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
  return [...bits].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What a scanner or a hand types: eight digits, bare, in halves, or at the end of an address.
function plainCode(text) {
  const last = text.trim().replace(/\/+$/, "").split("/").pop();
  const digits = last.normalize("NFKC").replace(/[-\s]/g, "");
  return /^\d{8}$/.test(digits) ? digits : "";
}

async function refresh() {
  if (!owner) return;
  const at = await now();
  const mine = (await entries(owner)).filter((entry) => entry.kind === "hand_over").reverse();
  const rows = mine.map((entry) => {
    const words = { waiting: said("waits"), applied: said("booked") }[entry.state] || entry.words;
    const copy = fill("entry", { when: momentWords(entry.made_at, at), who: entry.who, what: entry.title, words });
    const row = copy.querySelector("tr");
    row.dataset.key = entry.key;
    row.dataset.state = entry.state;
    row.querySelector(".tags").append(part(`tag-${entry.state}`).content.cloneNode(true));
    row.querySelector("[data-act=open]").hidden = !entry.address || isShell;
    if (entry.address) row.querySelector("[data-act=open]").href = entry.address;
    row.querySelector("[data-act=again]").hidden = entry.state !== "refused";
    row.querySelector("[data-act=drop]").hidden = entry.state === "waiting";
    return copy;
  });
  kept.hidden = !rows.length;
  kept.querySelector("tbody").replaceChildren(...rows);
  kept.querySelector("[data-act=try]").hidden = !mine.some((entry) => entry.state === "waiting");
}

// Fetched anew with every look at the counter, so that it is never older than the last moment with network.
async function takeList() {
  const answer = await fetch(kept.dataset.list, { cache: "no-store", redirect: "manual" });
  if (answer.ok) await keep("list", await answer.json(), owner);
}

function no(words) {
  found = null;
  part("found").hidden = true;
  part("given").hidden = true;
  part("not-found").hidden = false;
  fillIn(part("not-found"), { problem: words });
}

async function look(text) {
  part("not-found").hidden = part("given").hidden = true;
  const code = plainCode(text);
  if (!code) return no(said("no_code"));
  const tags = await Promise.all(listed.lines.map((line) => tagOf(line.order, code)));
  const line = listed.lines.find((one, place) => one.tag === tags[place]);
  if (!line) return no(said("not_listed"));
  const at = await now();
  const before = (await entries(owner)).find((entry) => entry.kind === "hand_over" && entry.asked.order === line.order);
  if (before) return no(said("given", { when: momentWords(before.made_at, at) }));
  if (new Date(line.until) <= at) return no(said("over"));
  found = { line, code, key: newKey() };
  fillIn(part("found"), line);
  part("found").hidden = false;
  part("give").focus();
  return undefined;
}

async function give() {
  if (!found) return;
  const { line, code, key } = found;
  found = null;
  const at = (await now()).toISOString();
  const { device } = (await note("me")) || {};
  const told = { title: line.what, who: line.who, asked: { order: line.order, code } };
  await put({ key, kind: "hand_over", owner, device: device || "", to: kept.dataset.send, format: 1, state: "waiting", made_at: at, ...told });
  part("found").hidden = true;
  part("given").hidden = false;
  fillIn(part("given"), { just_given: said("just_given", line) });
  part("f-q").value = "";
  part("f-q").focus();
  await refresh();
  tell(await handIn());
  whenBack();
}

// What was refused is said again under a new key, when what stood in the way is gone.
async function again(key) {
  const { words, code, field, address, settled_at, ...entry } = await find(key);
  await put({ ...entry, key: newKey(), state: "waiting" });
  await drop(key);
  tell(await handIn());
}

function tell(answer) {
  if (!isShell) return;
  part("back").hidden = answer.state === "offline";
  part("offline").hidden = answer.state !== "offline";
}

async function act(event) {
  const name = event.target.closest("[data-act]")?.dataset.act;
  const key = event.target.closest("tr")?.dataset.key;
  if (name === "try") tell(await handIn());
  if (name === "again") await again(key);
  if (name === "drop") {
    await drop(key);
    document.dispatchEvent(new Event("kept"));
  }
}

async function standIn() {
  const me = (await note("me")) || {};
  owner = owner || me.owner;
  if (!logged && me.look) Object.assign(document.documentElement.dataset, me.look);
  listed = owner ? await note("list", owner) : null;
  part("never").hidden = Boolean(listed);
  part("find").hidden = part("offline").hidden = !listed;
  if (!listed) return;
  fillIn(document, { branch: listed.branch, teller: listed.teller, list: said("list", { at: listed.at_words, n: listed.lines.length }) });
  part("waiting").replaceChildren(...listed.lines.map((line) => fill("waiting-line", line)));
  part("find").addEventListener("submit", (event) => {
    event.preventDefault();
    look(part("f-q").value);
  });
  part("give").addEventListener("click", give);
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    part("f-q").value = asked;
    await look(asked);
  }
}

async function start() {
  if (!(await ready)) return;
  onChange(refresh);
  document.addEventListener("handed", refresh);
  document.addEventListener("click", act);
  if (isShell) await standIn();
  await refresh();
  if (isShell) tell(await ask(outbox));
  else await takeList().catch(() => {});
}

start();
