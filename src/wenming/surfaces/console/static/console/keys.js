// Keys of the review page: A approve, B return, D reject, J next, K previous. They rest while someone types, and can be turned off.
const KEPT = "wm-review-keys";
const toggle = document.getElementById("keys-on");
const form = document.getElementById("decide");
const reason = document.getElementById("f-reason");

if (toggle) {
  try {
    toggle.checked = localStorage.getItem(KEPT) !== "off";
  } catch {
    // Without storage the keys are on for this page.
  }
  toggle.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, toggle.checked ? "on" : "off");
    } catch {
      // The choice then holds for this page only.
    }
  });
}

function choose(decision) {
  if (!form) return;
  const field = form.querySelector(`input[name=decision][value=${decision}]`);
  field.checked = true;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  if (decision === "approve" || reason.value.trim()) form.requestSubmit();
  else reason.focus();
}

function go(rel) {
  document.querySelector(`a[rel=${rel}]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (toggle && !toggle.checked) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])")) return;
  const acts = { a: () => choose("approve"), b: () => choose("return"), d: () => choose("reject"), j: () => go("next"), k: () => go("prev") };
  const act = acts[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
