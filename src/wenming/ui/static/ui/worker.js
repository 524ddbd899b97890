// The service worker: opens a few pages without network and hands in what waits when the network is back.
// It keeps looks, behaviour and pages that know nobody; never a page of anybody's.
import { drain } from "./delivery.js";

const OURS = "wenming-";
const HURRY = 8000;

async function gather(name, addresses) {
  const cache = await caches.open(name);
  const fetched = addresses.map(async (address) => {
    const answer = await fetch(address, { credentials: "omit", cache: "reload" });
    if (!answer.ok || answer.redirected) throw new Error(address);
    await cache.put(address, answer);
  });
  await Promise.all(fetched);
}

async function clear(except = "") {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(OURS) && name !== except).map((name) => caches.delete(name)));
}

// The kept page for an address: that of its door, none for what is not ours to answer.
function pageFor(path, facts) {
  if (facts.others.some((start) => path.startsWith(start))) return undefined;
  const doors = Object.keys(facts.pages).filter((door) => path.startsWith(door));
  return facts.pages[doors.sort((a, b) => b.length - a.length)[0]];
}

// The network first; the kept page when there is none, or where somebody waits for a form and it takes too long.
async function open(request, page, name, isHurried) {
  const kept = async () => (await (await caches.open(name)).match(page)) || Response.error();
  const live = fetch(request);
  if (!isHurried) return live.catch(kept);
  const late = new Promise((done) => setTimeout(done, HURRY)).then(kept);
  return Promise.race([live.catch(kept), late]);
}

export function run(facts) {
  const name = OURS + facts.version;
  self.addEventListener("install", (event) => {
    event.waitUntil(gather(name, [...facts.files, ...Object.values(facts.pages)]).then(() => self.skipWaiting()));
  });
  self.addEventListener("activate", (event) => {
    event.waitUntil(clear(name).then(() => self.clients.claim()));
  });
  self.addEventListener("fetch", (event) => {
    const request = event.request;
    const address = new URL(request.url);
    if (address.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      const page = pageFor(address.pathname, facts);
      const isHurried = request.method === "GET" && facts.hurried.some((start) => address.pathname.startsWith(start));
      if (page) event.respondWith(open(request, page, name, isHurried));
    } else if (request.method === "GET" && facts.files.includes(address.pathname)) {
      event.respondWith(open(request, address.pathname, name, false));
    }
  });
  self.addEventListener("sync", (event) => {
    // A thrown word asks the browser to try again later; who must log in first is told on the page.
    const handIn = drain(facts.outbox).then((answer) => {
      if (answer.state === "offline" || answer.state === "fault") throw new Error(answer.state);
    });
    event.waitUntil(handIn);
  });
}

// The switch: clears what was kept and goes. What waits on the phone stays, and pages hand it in.
export function leave() {
  self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) => {
    event.waitUntil(clear().then(() => self.registration.unregister()));
  });
}
