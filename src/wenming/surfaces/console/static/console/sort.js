// Tables whose heads can be pressed: up, down, then back as they came. `table[data-sort]` names what its buttons say; a cell
// sorts by its `data-value`, by its <time>, or by what it shows. `th[data-by=code]` keeps 1.10 behind 1.9; every tbody keeps
// its own rows, so what stands on top stays there. Without script the table reads as it came.
const words = new Intl.Collator("zh-Hans-CN", { numeric: true });
const AMOUNT = /^\(?([+-]?\d[\d,]*(?:\.\d+)?)\)?\s*\D{0,4}$/;
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

function keyOf(row, column) {
  const cell = row.cells[column];
  const time = cell?.querySelector("time[datetime]");
  const text = cell?.dataset.value ?? time?.dateTime ?? cell?.textContent ?? "";
  const plain = text.replace(/\s+/g, " ").trim().replace(/^(\(?)−/, "$1-");
  return plain === "—" ? "" : plain;
}

function amountOf(text) {
  const found = AMOUNT.exec(text);
  return found ? Number(found[1].replaceAll(",", "")) : NaN;
}

// How the filled cells of a column compare: as amounts if all of them are, else as a Chinese dictionary has them.
function comparing(keys, by) {
  const filled = keys.filter(Boolean);
  if (by !== "code" && filled.every((text) => !Number.isNaN(amountOf(text)))) return (a, b) => amountOf(a) - amountOf(b);
  return words.compare;
}

function sort(table, head, order) {
  const { cellIndex: column } = head;
  const bodies = [...table.tBodies];
  const rows = bodies.flatMap((body) => [...body.rows]);
  const compare = comparing(rows.map((row) => keyOf(row, column)), head.dataset.by);
  const sign = order === "descending" ? -1 : 1;
  for (const body of bodies) {
    const own = [...body.rows].sort((a, b) => a.dataset.place - b.dataset.place);
    const keyed = own.map((row) => [keyOf(row, column), row]);
    const full = keyed.filter(([key]) => key);
    if (order !== "none") full.sort(([a], [b]) => sign * compare(a, b));
    const sorted = order === "none" ? keyed : [...full, ...keyed.filter(([key]) => !key)]; // what is not said stands last
    body.append(...sorted.map(([, row]) => row));
  }
  for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", order);
}

function prepare(table) {
  if (table.dataset.sorts || !table.tHead) return;
  table.dataset.sorts = "1";
  [...table.tBodies].forEach((body) => [...body.rows].forEach((row, place) => (row.dataset.place = place)));
  for (const head of table.tHead.rows[0].cells) {
    if (head.querySelector(".vh") || !head.textContent.trim()) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "by";
    button.title = table.dataset.sort;
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sort(table, head, NEXT[head.getAttribute("aria-sort")]));
  }
}

function prepareAll() {
  document.querySelectorAll("table[data-sort]").forEach(prepare);
}

prepareAll();
document.addEventListener("htmx:afterSettle", prepareAll);
