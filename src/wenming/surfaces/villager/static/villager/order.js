// One thing of the mall: what it will cost and leave while one chooses. Without it the next page says so.
import { said } from "../ui/words.js";

const form = document.getElementById("order");
const cost = document.querySelector("[data-price]");
const count = form?.querySelector("input[name=quantity][type=number]");

// Hundredths as the server writes them.
function shown(amount) {
  return (amount / 100).toLocaleString("en-US", { maximumFractionDigits: 2 });
}

function show() {
  const many = Number.parseInt(count.value, 10);
  const isGood = many >= 1 && many <= Number(count.max);
  const total = Number(cost.dataset.price) * (isGood ? many : 1);
  const purse = form.querySelector("input[name=payer]:checked") ?? form.querySelector("[data-purse]");
  const has = Number(purse.dataset.has);
  cost.querySelector("[data-count]").textContent = many > 1 && isGood ? said("count", { count: many }) : said("each");
  cost.querySelector("[data-total]").textContent = said("points", { points: shown(total) });
  form.querySelector("[data-purse]").textContent = said("has", { points: shown(has) });
  const left = has - total;
  form.querySelector("[data-after]").textContent = said(left < 0 ? "missing" : "after", { points: shown(Math.abs(left)) });
}

if (count && cost) {
  form.addEventListener("input", show);
  addEventListener("pageshow", show);
}
