// Tables whose heads can be pressed: up, down, then back as they came. `table[data-sort]` names what its buttons say; a cell
// sorts by its `data-value`, by its <time>, or by what it shows. `th[data-by=code]` keeps 1.10 behind 1.9; every tbody keeps
// its own rows, so what stands on top stays there. Without script the table reads as it came.
const words = new Intl.Collator("zh-Hans-CN", { numeric: true });
const AMOUNT = /^\(?([+-]?\d[\d,]*(?:\.\d+)?)\)?\s*\D{0,4}$/;
const LONG = 8; // rows from which a field to find among them stands above
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
  if (!table.tHead) return;
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

// A field above a long table keeps the rows in sight that hold every word typed. Not where rows are ticked or filled in: what
// is out of sight would be handed in with the rest.
function addFinding(table) {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  if (!table.dataset.find || rows.length < LONG || table.closest("form") || table.querySelector("input, select")) return;
  const field = document.createElement("input");
  Object.assign(field, { type: "search", className: "in in-s find", placeholder: table.dataset.find, autocomplete: "off" });
  field.setAttribute("aria-label", table.dataset.find);
  field.addEventListener("input", () => {
    const asked = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !asked.every((word) => row.textContent.toLowerCase().includes(word));
  });
  (table.closest("[role=region]") ?? table).before(field);
}

function prepareAll() {
  for (const table of document.querySelectorAll("table[data-sort]:not([data-sorts])")) {
    prepare(table);
    addFinding(table);
  }
}

prepareAll();
document.addEventListener("htmx:afterSettle", prepareAll);
