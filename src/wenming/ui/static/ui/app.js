// Small helps for pages that work without them: marks the chosen option, brings the error summary into view, shrinks photos,
// keeps a form on its page when there is no network, says so when the network is slow.
import { mark } from "./choices.js";
import { shrink } from "./photos.js";

const SLOW = 3000;
const FILE = /\.\w+$/;
const words = document.documentElement.dataset;
let late;

function say(sentence) {
  document.getElementById("network")?.remove();
  if (!sentence) return;
  const note = Object.assign(document.createElement("p"), { id: "network", className: "note note-w toast", textContent: sentence });
  note.setAttribute("role", "alert");
  document.body.append(note);
}

function quiet() {
  clearTimeout(late);
  say("");
}

function wait(sentence) {
  quiet();
  late = setTimeout(say, SLOW, sentence);
}

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches(".opt input")) mark(field);
  if (field.matches("input[type=file][data-shrink]")) shrink(field);
});
document.addEventListener("submit", (event) => {
  // A second tap while the first is under way sends nothing; the answer brings a fresh page. A file that comes down does not.
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || "download" in form.dataset) return;
  if (!navigator.onLine || form.dataset.sent) event.preventDefault();
  if (!navigator.onLine) return say(words.offline);
  if (!form.dataset.sent) wait(words.slow);
  form.dataset.sent = "1";
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const stays = event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey;
  if (stays || !link || link.origin !== location.origin || link.target || FILE.test(link.pathname)) return;
  if (link.hash && link.pathname === location.pathname) return;
  wait(words.slow);
});
addEventListener("online", quiet);
addEventListener("pageshow", () => {
  quiet();
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
document.getElementById("errors")?.focus();
// A desk's menu lies along the top of a narrow window; where one is stands in view.
const menu = document.querySelector(".desk>nav");
const here = menu?.querySelector("[aria-current]");
if (here) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
