// Declaring a deed on the phone: asked, looked at once more, kept here under a key of its own, handed in when it can be.
// With network the same way is taken and takes a moment. Without a store the form posts as it does without script.
import { now } from "../ui/delivery.js";
import { handIn, outbox, owner as logged, ready, whenBack } from "../ui/outbox.js";
import { shrink, working } from "../ui/photos.js";
import { drop, find, forget, keep, newKey, note, put } from "../ui/store.js";
import { fill, fillIn, said, show } from "../ui/words.js";
import * as answers from "./answers.js";

const form = answers.form;
const most = Number(form.dataset.most);
const bar = document.getElementById("photos-kept");
const adder = form.querySelector(".photo-add");
const tick = document.getElementById("true");
let owner = logged;
let item = form.dataset.item ? JSON.parse(form.dataset.item) : null;
let photos = [];
let mends = "";
let key = "";
let isBusy = false;
let hasBegun = false;

const dataUrl = (blob) =>
  new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });

async function showPhotos() {
  const shown = await Promise.all(photos.map(dataUrl));
  bar.replaceChildren();
  shown.forEach((address, place) => {
    const copy = fill("photo", { size: said("photo_size", { n: Math.ceil(photos[place].size / 1024) }) });
    const picture = copy.querySelector("img");
    picture.src = address;
    picture.alt = said("photo_alt", { n: place + 1 });
    copy.querySelector("button").addEventListener("click", () => {
      photos.splice(place, 1);
      keepDraft();
      showPhotos();
    });
    bar.append(copy);
  });
  bar.hidden = !photos.length;
  adder.hidden = photos.length >= most;
}

// What is typed is kept at every change, so that a reload, a crash or a log-in in between loses nothing.
function keepDraft() {
  return keep("draft", { item, typed: answers.discreet(answers.read()), photos, mends }, owner);
}

async function takePhotos(files, unread) {
  photos = [...photos, ...files].slice(0, most);
  await showPhotos();
  answers.clearProblems();
  if (unread) answers.showProblems({ photos: said("photo_unread") });
  await keepDraft();
}

// Sets the form up for a clause that the phone knows, with the household's names.
export async function open(found, people) {
  item = found;
  photos = [];
  mends = "";
  form.reset();
  answers.clearProblems();
  fillIn(document, { item_title: item.title, item_plain: item.plain });
  const field = form.querySelector("[name=quantity]");
  if (field) {
    field.closest(".field").hidden = item.quantity_max < 2;
    fillIn(form, { quantity_hint: said("quantity_hint", { unit: item.unit, most: item.quantity_max }) });
  }
  const optional = document.getElementById("photos-optional");
  if (optional) optional.hidden = item.proof === "photo";
  const list = document.getElementById("people");
  if (people && list) {
    list.replaceChildren(
      ...people.map(({ id, name }, place) => {
        const copy = fill("person", { name });
        copy.querySelector("input").value = id;
        copy.querySelector("input").checked = place === 0;
        copy.querySelector("label").classList.toggle("on", place === 0);
        if (place === 0) copy.querySelector("input").id = "id_people";
        return copy;
      }),
    );
  }
  await showPhotos();
  show("form");
}

// What an entry that waits, or was not taken, says: for mending it under a new key.
async function restore() {
  const wanted = location.hash.match(/^#mend-([0-9a-f]{32})$/);
  const entry = wanted && (await find(wanted[1]));
  if (entry && entry.owner === owner && entry.state !== "applied") {
    mends = entry.key;
    photos = entry.photos || [];
    answers.write(entry.typed);
    await showPhotos();
    if (entry.words) answers.showProblems({ [entry.field || "form"]: entry.words });
    return;
  }
  const draft = await note("draft", owner);
  if (!draft) return;
  photos = draft.photos;
  mends = draft.mends;
  answers.write(draft.typed);
  await showPhotos();
  document.getElementById("restored").hidden = false;
}

async function look() {
  await working();
  const typed = answers.read();
  const at = await now();
  const found = answers.problems(typed, item, photos, at);
  answers.clearProblems();
  if (Object.keys(found).length) {
    answers.showProblems(found);
    return;
  }
  await keepDraft();
  key = newKey();
  const wants = answers.asked(typed, item, at);
  fillIn(document.getElementById("check"), {
    title: item.title,
    clause: said("clause", item),
    day: answers.dayWords(wants.happened_on),
    amount: item.quantity_max > 1 ? `${wants.quantity} ${item.unit}` : "",
    people: answers.names().join(said("comma")),
    words: wants.words,
    gain: item.gain,
    notice: said("notice", { n: item.notice_days }),
    offline: navigator.onLine ? "" : "1",
    unticked: "",
  });
  const strip = document.getElementById("check-photos");
  const shown = await Promise.all(photos.map(dataUrl));
  strip.replaceChildren(
    ...shown.map((address, place) => {
      const thumb = fill("thumb", {});
      Object.assign(thumb.querySelector("img"), { src: address, alt: said("photo_alt", { n: place + 1 }) });
      return thumb;
    }),
  );
  if (!shown.length) strip.textContent = said("no_photo");
  tick.checked = false;
  history.pushState({ view: "check" }, "", "#check");
  show("check");
  document.getElementById("check").querySelector("h2").focus();
}

function busy(is) {
  isBusy = is;
  const button = document.getElementById("hand-in");
  button.setAttribute("aria-disabled", String(is));
  button.textContent = said(is ? "handing_in" : "hand_in");
}

// Kept first, handed in after: whatever happens in between, it is on the phone or with the village, once.
async function send() {
  if (isBusy) return;
  if (!tick.checked) {
    fillIn(document.getElementById("check"), { unticked: "1" });
    document.getElementById("unticked").focus();
    return;
  }
  busy(true);
  const typed = answers.read();
  const at = await now();
  const { device } = (await note("me")) || {};
  const shown = { title: item.title, people: answers.names(), until: item.window_days, clause: item.id };
  const wants = answers.asked(typed, item, at);
  const kept = { key, owner, device: device || "", to: outbox, format: 1, state: "waiting", made_at: at.toISOString() };
  await put({ ...kept, ...shown, asked: wants, typed: { ...typed, day: "other", other_day: wants.happened_on }, photos });
  if (mends) await drop(mends);
  await forget("draft", owner);
  const answer = await handIn();
  const entry = await find(key);
  busy(false);
  if (!entry) return;
  if (entry.state === "applied" && entry.address) {
    await drop(key);
    location.assign(entry.address);
    return;
  }
  history.replaceState({ view: "saved" }, "", "#saved");
  if (entry.state === "waiting") {
    whenBack();
    photos = [];
    mends = "";
    document.dispatchEvent(new CustomEvent("saved", { detail: answer }));
    return;
  }
  // Not taken: back to the form with what was said, and a new key for the mended one.
  mends = key;
  show("form");
  await keepDraft();
  answers.showProblems({ [entry.field || "form"]: entry.words });
}

function listen() {
  form.querySelector("input[type=file]").dataset.kept = "phone";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  document.getElementById("hand-in").addEventListener("click", send);
  form.addEventListener("shrunk", ({ detail }) => takePhotos(detail.files, detail.unread));
  form.addEventListener("change", (event) => event.target.type === "file" || keepDraft());
  form.addEventListener("input", () => {
    clearTimeout(form.later);
    form.later = setTimeout(keepDraft, 300);
  });
  document.getElementById("check").addEventListener("click", (event) => {
    if (event.target.closest("a[href='#declare']")) {
      event.preventDefault();
      history.back();
    }
  });
  document.getElementById("restored").querySelector("button").addEventListener("click", async () => {
    await forget("draft", owner);
    location.assign(location.pathname);
  });
  addEventListener("hashchange", () => location.hash.startsWith("#mend-") && location.reload());
  addEventListener("popstate", () => {
    if (!document.querySelector("[data-view~=check]").hidden) show("form");
  });
}

// Takes the form over once the store has answered; until then, and without it, the form posts by itself.
export async function begin(whose = logged) {
  if (!whose || !(await ready)) return false;
  owner = whose;
  if (!hasBegun) listen();
  hasBegun = true;
  return true;
}

// On a slow phone somebody may have chosen photos before this script was there.
function takeChosen() {
  const field = form.querySelector("input[type=file]");
  if (field.files.length) shrink(field);
}

export { restore };
// What the server has begun to keep of this form it goes on keeping.
if (item && !form.dataset.server) begin().then((is) => is && restore().then(takeChosen));
