// Small helps for pages that work without them: marks the chosen option, brings the error summary into view, shrinks photos.
import { mark } from "./choices.js";
import { shrink } from "./photos.js";

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches(".opt input")) mark(field);
  if (field.matches("input[type=file][data-shrink]")) shrink(field);
});
document.addEventListener("submit", (event) => {
  // A second tap while the first is under way sends nothing; the answer brings a fresh page. A file that comes down does not.
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || "download" in form.dataset) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
document.getElementById("errors")?.focus();
// A desk's menu lies along the top of a narrow window; where one is stands in view.
const menu = document.querySelector(".desk>nav");
const here = menu?.querySelector("[aria-current]");
if (here) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
