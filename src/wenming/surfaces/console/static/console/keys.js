// Keys of the review page: A approve, B return, D reject, J next, K previous. They rest while someone types (Esc ends
// that, Ctrl+Enter hands in), can be turned off, and wait a moment on each fresh page, so that a double hit is one decision.
const KEPT = "wm-review-keys";
const SEEN = 250; // milliseconds before a decision counts on what has just come into view
const toggle = () => document.getElementById("keys-on");
const form = () => document.getElementById("decide");

function isOn() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return toggle()?.checked ?? true; // Without storage the choice holds for this page only.
  }
}

function choose(decision) {
  const here = form();
  if (!here?.dataset.ready) return;
  const field = here.querySelector(`input[name=decision][value=${decision}]`);
  const reason = here.querySelector("#f-reason");
  field.checked = true;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  if (decision === "approve" || reason.value.trim()) hand(here);
  else reason.focus();
}

function hand(here) {
  delete here.dataset.ready;
  here.requestSubmit();
}

function go(rel) {
  document.querySelector(`a[rel=${rel}]`)?.click();
}

const ACTS = { a: () => choose("approve"), b: () => choose("return"), d: () => choose("reject"), j: () => go("next"), k: () => go("prev") };

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.altKey) return;
  if (event.target.id === "f-reason") {
    if (event.key === "Escape") event.target.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form()?.dataset.ready) hand(form());
    return;
  }
  if (event.ctrlKey || event.metaKey || !isOn() || !toggle()) return;
  if (event.target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])")) return;
  const act = ACTS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("change", (event) => {
  if (event.target !== toggle()) return;
  try {
    localStorage.setItem(KEPT, event.target.checked ? "on" : "off");
  } catch {
    // The choice then holds for this page only.
  }
});

// A page that came without a reload: what was done is said, and the keyboard goes on at what is to be looked at.
function show(fresh) {
  const box = toggle();
  if (box) box.checked = isOn();
  const here = form();
  if (here) setTimeout(() => (here.dataset.ready = "1"), SEEN);
  if (!fresh) return;
  (document.getElementById("errors") || document.getElementById("case") || document.querySelector("h1"))?.focus();
  document.getElementById("said").textContent = document.querySelector("main .note-k")?.textContent.trim() || "";
}

// Without network the decision stays as it is, to be handed in again; a refusal or fault comes as a page of its own.
document.addEventListener("htmx:sendError", () => {
  const note = document.getElementById("unsent");
  if (note) note.hidden = false;
  if (form()) form().dataset.ready = "1";
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.elt === form()) detail.elt.submit();
  else if (detail.elt.matches("a[rel], a.qi")) location.assign(detail.elt.href);
});

show(false);
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target === document.body) show(true);
});
