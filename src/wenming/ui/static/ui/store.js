// What waits on this phone: entries, and notes beside them (who, the clauses, a draft). Pages and the worker use it alike.
// Everything has an owner; nobody's things are shown or sent for anybody else.
const NAME = "wenming";
let opened;

function open() {
  if (!opened) {
    opened = new Promise((done, fail) => {
      const asking = indexedDB.open(NAME, 1);
      asking.onupgradeneeded = () => {
        asking.result.createObjectStore("entries", { keyPath: "key" });
        asking.result.createObjectStore("notes", { keyPath: "name" });
      };
      asking.onsuccess = () => {
        asking.result.onversionchange = () => asking.result.close();
        asking.result.onclose = () => (opened = undefined);
        done(asking.result);
      };
      asking.onerror = () => fail(asking.error);
      asking.onblocked = () => fail(new Error("blocked"));
    });
    opened.catch(() => (opened = undefined));
  }
  return opened;
}

async function within(name, mode, act) {
  const deal = (await open()).transaction(name, mode, { durability: "strict" });
  const asked = act(deal.objectStore(name));
  return new Promise((done, fail) => {
    deal.oncomplete = () => done(asked.result);
    deal.onerror = deal.onabort = () => fail(deal.error);
  });
}

export const put = (entry) => within("entries", "readwrite", (store) => store.put(entry));
export const drop = (key) => within("entries", "readwrite", (store) => store.delete(key));
export const find = (key) => within("entries", "readonly", (store) => store.get(key));

// The entries of one owner, in the order they were made.
export async function entries(owner) {
  const all = await within("entries", "readonly", (store) => store.getAll());
  return all.filter((entry) => entry.owner === owner).sort((a, b) => a.made_at.localeCompare(b.made_at) || a.key.localeCompare(b.key));
}

// Notes: `me` says who was here last; the others belong to an owner.
export async function note(name, owner = "") {
  const found = await within("notes", "readonly", (store) => store.get(owner ? `${name}:${owner}` : name));
  return found ? found.value : undefined;
}
export const keep = (name, value, owner = "") =>
  within("notes", "readwrite", (store) => store.put({ name: owner ? `${name}:${owner}` : name, owner: owner || value.owner, value }));
export const forget = (name, owner) => within("notes", "readwrite", (store) => store.delete(`${name}:${owner}`));

// Nothing of this owner stays behind.
export async function wipe(owner) {
  for (const name of ["entries", "notes"]) {
    await within(name, "readwrite", (store) => {
      const walk = store.openCursor();
      walk.onsuccess = () => {
        const place = walk.result;
        if (!place) return;
        if (place.value.owner === owner) place.delete();
        place.continue();
      };
      return walk;
    });
  }
}

// 128 random bits: the one name of an entry, made before it is first sent.
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
