// One less, one more: the links of a stepper change the number beside them, within its bounds. Without script they ask the server.
addEventListener("click", (event) => {
  const link = event.target.closest(".stepper [data-step]");
  const count = link?.parentElement.querySelector("input[type=number]");
  if (!count) return;
  event.preventDefault();
  const wanted = (Number.parseInt(count.value, 10) || 1) + Number(link.dataset.step);
  count.value = Math.min(Math.max(wanted, Number(count.min)), Number(count.max));
  count.dispatchEvent(new Event("input", { bubbles: true }));
});
