// Checks once more on this phone what the page says, and remembers the papers that were scanned, so that no book can have two
// histories: one for the wall and one for who asks.
import { check, factsOf, bytes } from "./proofs.js";

const KEPT = "wm_papers";
const MOST = 60;
const ZONE = "Asia/Shanghai";

// What stands at an address; null when the answer is no proof. Only a network that fails makes this fail.
const fetched = async (address) => {
  const answer = await fetch(address);
  return answer.ok ? answer.json().catch(() => null) : null;
};
// A book that shows no proof, or one that cannot be read, has not proven anything.
const proves = (proof, paper, earlier) => check(proof, paper, earlier).catch(() => false);

function papers() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

function remember(paper) {
  const others = papers().filter((kept) => kept.book !== paper.book || kept.size !== paper.size);
  try {
    localStorage.setItem(KEPT, JSON.stringify([...others, paper].slice(-MOST)));
  } catch {
    // A phone that keeps nothing still compares what it sees.
  }
}

const grownFrom = async (steps, early, late) => {
  const query = new URLSearchParams({ book: late.book, first: early.size, second: late.size });
  return proves(await fetched(`${steps}?${query}`), late, early);
};

// Whether two papers belong to one history.
async function agree(steps, one, other) {
  if (one.size === other.size) return one.root === other.root;
  return one.size < other.size ? grownFrom(steps, one, other) : grownFrom(steps, other, one);
}

const isEnglish = document.documentElement.lang === "en";
const now = () =>
  new Date().toLocaleString(isEnglish ? "en-GB" : "zh-CN", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: ZONE });

function say(box, holds, words) {
  const sentence = words.join(isEnglish ? " " : "");
  if (holds) box.textContent = isEnglish ? `${sentence} (${now()})` : `${sentence}（${now()}）`;
  else box.textContent = sentence;
  if (holds) return;
  const card = document.getElementById("verdict");
  card.classList.add("bad");
  card.querySelector("h2").textContent = box.dataset.no;
}

async function checkEntry(box) {
  const holds = await proves(await fetched(box.dataset.proof), JSON.parse(box.dataset.paper));
  say(box, holds, [holds ? box.dataset.good : box.dataset.bad]);
}

async function checkPaper(box) {
  const { steps, good, bad, known, split } = box.dataset;
  const [paper, newest] = [JSON.parse(box.dataset.paper), JSON.parse(box.dataset.newest)];
  if (!(await agree(steps, paper, newest))) return say(box, false, [bad]);
  const before = papers().filter((kept) => kept.book === paper.book && (kept.size !== paper.size || kept.root !== paper.root)).pop();
  if (before && !(await agree(steps, before, paper))) return say(box, false, [split, `${before.date} ${before.size} ${before.root}`]);
  remember(paper);
  return say(box, true, before ? [good, known] : [good]);
}

// A proof file that somebody downloaded, against the paper on the page. It stays on the phone.
async function checkFile(box, file) {
  const [found, said] = [document.getElementById("found"), document.getElementById("said")];
  said.replaceChildren();
  const line = (text) => said.append(Object.assign(document.createElement("li"), { textContent: text }));
  try {
    const [proof, paper] = [JSON.parse(await file.text()), JSON.parse(box.dataset.paper)];
    if (!("memento" in proof) || !Array.isArray(proof.path)) throw new Error("no proof of an entry");
    if (proof.size !== paper.size) {
      found.textContent = box.dataset.other;
      return;
    }
    const holds = await proves(proof, paper);
    found.textContent = holds ? box.dataset.good : box.dataset.bad;
    if (!holds) return;
    const facts = factsOf(bytes(proof.memento));
    line(`${box.dataset.voucher} ${facts.voucher}`);
    line(`${box.dataset.recorded} ${facts.recorded.toLocaleString(isEnglish ? "en-GB" : "zh-CN", { timeZone: ZONE, hour12: false })}`);
    for (const one of facts.lines) line(`${one.account.slice(0, 8)}… ${one.amount > 0 ? "+" : "−"}${Math.abs(one.amount) / 100}`);
  } catch {
    found.textContent = box.dataset.broken;
  }
}

const box = document.getElementById("checked");
try {
  if (box?.dataset.proof) await checkEntry(box);
  else if (box?.dataset.newest) await checkPaper(box);
} catch {
  // No network: what the server said stays.
}
const own = document.getElementById("own");
if (own) {
  own.hidden = false;
  const picker = document.getElementById("file");
  picker.addEventListener("change", () => picker.files[0] && checkFile(own, picker.files[0]));
}
