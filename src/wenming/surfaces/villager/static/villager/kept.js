// What is kept on this phone: the list with what became of each, and the way to declare when no page can be fetched.
import { ask, now, onChange } from "../ui/delivery.js";
import { handIn, outbox, owner as logged, ready } from "../ui/outbox.js";
import { drop, entries, keep, note } from "../ui/store.js";
import { fill, momentWords, said, show } from "../ui/words.js";
import { begin, open, restore } from "./declare.js";

const flow = document.getElementById("flow");
const host = flow.dataset.host;
const list = document.getElementById("kept-list");
const kitAddress = flow.dataset.kit;
const FRESH = 6 * 3600000;
const DAY = 86400000;
let owner = logged;

const part = (id) => document.getElementById(id);
const readUrl = (blob) =>
  new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });

function wordsOf(entry, at) {
  if (entry.state === "applied") return said("was_applied");
  if (entry.state !== "waiting") return entry.words;
  const last = new Date(new Date(`${entry.asked.happened_on}T12:00:00Z`).getTime() + entry.until * DAY);
  return said(at > last ? "too_late" : "until", { month: last.getUTCMonth() + 1, day: last.getUTCDate() });
}

async function row(entry, at) {
  const size = (entry.photos || []).reduce((sum, photo) => sum + photo.size, 0);
  const when = said("kept_at", { when: momentWords(entry.made_at, at) });
  const facts = size ? `${when} · ${Math.ceil(size / 1024)} KB` : when;
  const copy = fill("entry", { title: entry.title, when: facts, words: wordsOf(entry, at) });
  const item = copy.querySelector("li");
  item.dataset.key = entry.key;
  item.dataset.state = entry.state;
  item.querySelector(".tags").append(part(`tag-${entry.state}`).content.cloneNode(true));
  const picture = item.querySelector("img");
  if (size) picture.src = await readUrl(entry.photos[0]);
  else item.querySelector(".pic").hidden = true;
  const mend = item.querySelector("[data-act=mend]");
  mend.href = `${flow.dataset.declare}${entry.clause}/#mend-${entry.key}`;
  mend.hidden = !["refused", "duplicate"].includes(entry.state);
  const away = item.querySelector("[data-act=drop]");
  away.hidden = entry.state === "applied";
  away.textContent = said(["waiting", "refused"].includes(entry.state) ? "drop" : "seen");
  const link = item.querySelector("[data-act=open]");
  link.hidden = !entry.address || entry.state === "refused";
  if (entry.address) link.href = entry.address;
  item.querySelector(".acts").hidden = [...item.querySelectorAll("[data-act]")].every((act) => act.hidden);
  return copy;
}

async function refresh() {
  if (!owner) return;
  const at = await now();
  const found = (await entries(owner)).reverse();
  const rows = await Promise.all(found.map((entry) => row(entry, at)));
  list.replaceChildren(...rows);
  list.hidden = !rows.length;
  part("kept-none").hidden = rows.length > 0;
  part("kept-waiting").hidden = !found.some((entry) => entry.state === "waiting");
}

function tell(answer) {
  part("offline").hidden = answer.state !== "offline" || host !== "kept";
  part("log-in").hidden = answer.state !== "login";
  part("fault").hidden = answer.state !== "fault";
  part("fault").querySelector("[data-slot]").textContent = answer.fault || "";
}

async function act(event) {
  const name = event.target.closest("[data-act]")?.dataset.act;
  if (name === "try") tell(await handIn());
  const row = event.target.closest("li");
  if (name === "drop" && ["waiting", "refused"].includes(row.dataset.state) && !row.dataset.sure) {
    // What was typed goes only when it is said twice.
    row.dataset.sure = "1";
    event.target.textContent = said("sure");
  } else if (name === "drop") {
    await drop(row.dataset.key);
    document.dispatchEvent(new Event("kept"));
  }
}

// What the phone must know to declare without network, fetched beforehand and again when it is old.
async function learn() {
  const known = await note("kit", owner);
  if (known && Date.now() - known.fetched_at < FRESH) return;
  const answer = await fetch(kitAddress, { cache: "no-store", redirect: "manual" });
  if (answer.ok) await keep("kit", { ...(await answer.json()), fetched_at: Date.now() }, owner);
}

function choice(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.category, [...(groups.get(item.category) || []), item]);
  const shown = [...groups].map(([name, found]) => {
    const titles = found.slice(0, 3).map((item) => item.title).join(said("comma"));
    const copy = fill("group", { name, titles, count: said("count", { n: found.length }) });
    for (const item of found) {
      const line = fill("clause", { title: item.title, plain: item.plain, gain: item.gain });
      line.querySelector("a").href = `${flow.dataset.declare}${item.id}/`;
      copy.querySelector("ul").append(line);
    }
    return copy;
  });
  part("clauses").replaceChildren(...shown);
}

async function openItem(number) {
  const kit = await note("kit", owner);
  const item = kit?.items.find((one) => one.id === number);
  if (!item || !(await begin(owner))) return false;
  await open(item, kit.family);
  await restore();
  return true;
}

function pathItem(path) {
  const found = path.startsWith(flow.dataset.declare) && path.slice(flow.dataset.declare.length).match(/^(\d+)\/$/);
  return found ? Number(found[1]) : 0;
}

// Without network a clause is opened here; with network its page is fetched.
function stayHere(event) {
  const link = event.target.closest("a[href]");
  const number = link ? pathItem(new URL(link.href).pathname) : 0;
  if (!number || (host === "choose" && navigator.onLine)) return;
  event.preventDefault();
  history.pushState({ view: "form" }, "", link.href);
  openItem(number).then((is) => is || show(host));
}

// The page that stands in for any other when there is no network.
async function standIn() {
  const me = (await note("me")) || {};
  owner = owner || me.owner;
  if (!logged && me.look) Object.assign(document.documentElement.dataset, me.look);
  part("never").hidden = Boolean(owner);
  const isOther = location.pathname !== flow.dataset.page;
  part("offline").hidden = !isOther && navigator.onLine;
  part("leave").hidden = location.hash !== "#leave" || !logged;
  const kit = owner && (await note("kit", owner));
  part("may-declare").hidden = !kit;
  choice(kit?.items || []);
  const number = pathItem(location.pathname);
  if (!(number && (await openItem(number)))) show(kit && location.pathname === flow.dataset.declare ? "choose" : "kept");
  if (kit && location.pathname.startsWith(flow.dataset.declare)) document.querySelector("h1").textContent = said("declaring");
  await refresh();
  const answer = await ask(outbox);
  tell(answer);
  part("back").hidden = !isOther || answer.state === "offline";
}

async function start() {
  if (!(await ready)) return;
  onChange(refresh);
  document.addEventListener("handed", refresh);
  document.addEventListener("saved", async ({ detail }) => {
    part("just-kept").hidden = false;
    await refresh();
    tell(detail);
    show("kept");
    part("just-kept").querySelector("h2").focus();
  });
  document.addEventListener("click", (event) => {
    act(event);
    if (host !== "details") stayHere(event);
  });
  if (host === "kept") await standIn();
  else await refresh();
  if (host === "choose") {
    const draft = await note("draft", owner);
    const line = part("draft-left");
    if (draft?.item && line) {
      line.hidden = false;
      line.querySelector("a").href = `${flow.dataset.declare}${draft.item.id}/`;
    }
  }
  if (logged) await learn().catch(() => {});
}

start();
