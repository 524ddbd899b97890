// The declaring form on the phone: reads it, fills it, says what is missing in the words the server uses.
import { dayWords, fill, isoDay, said } from "../ui/words.js";

const form = document.getElementById("declare");
const NUMBER = /(^|\D)(1[3-9]\d{9}|\d{17}[\dXx])(\D|$)/; // a phone or ID number: not kept on the phone
const FIELDS = { happened_on: "day", other_day: "other_day", depositor: "people" };

const all = (name) => [...form.querySelectorAll(`[name="${name}"]`)];
const text = (name) => all(name)[0]?.value.trim() || "";

// What was typed, as it stands.
export function read() {
  return {
    day: all("day").find((one) => one.checked)?.value || "",
    other_day: text("other_day"),
    quantity: text("quantity"),
    people: all("people").filter((one) => one.checked).map((one) => Number(one.value)),
    household_number: text("household_number"),
    person_name: text("person_name"),
    words: text("words"),
  };
}

// The same without phone and ID numbers, which are not kept on the phone, not even in a draft.
export function discreet(typed) {
  const shown = (words) => words.replace(/\d{11,}[Xx]?/g, (number) => "*".repeat(number.length));
  return { ...typed, words: shown(typed.words), person_name: shown(typed.person_name) };
}

export function write(typed) {
  for (const one of all("day")) one.checked = one.value === typed.day;
  for (const one of all("people")) one.checked = typed.people.includes(Number(one.value));
  for (const name of ["other_day", "quantity", "household_number", "person_name", "words"]) {
    for (const one of all(name)) one.value = typed[name] || "";
  }
  for (const one of form.querySelectorAll(".opt input")) one.closest(".opt").classList.toggle("on", one.checked);
  all("other_day")[0].closest("details").open = typed.day === "other";
  all("person_name")[0].closest("details").open = Boolean(typed.person_name || typed.household_number);
}

// The names of the people named, for the last look.
export function names() {
  const chosen = all("people").filter((one) => one.checked).map((one) => one.closest("label").textContent.trim());
  const { household_number: number, person_name: name } = read();
  return name ? [...chosen, document.documentElement.lang === "en" ? `${name} (${number})` : `${name}（${number}）`] : chosen;
}

export function dayOf(typed, now) {
  if (typed.day === "other") return typed.other_day;
  return isoDay(new Date(now - (typed.day === "yesterday" ? 86400000 : 0)));
}

// What is missing or wrong, by field. The server looks again, and its rules decide.
export function problems(typed, item, photos, now) {
  const found = {};
  if (item.proof === "photo" && !photos.length) found.photos = said("photo_needed");
  if (item.proof === "either" && !photos.length && !typed.words) found.words = said("proof_needed");
  if (!typed.day) found.day = said("day_needed");
  if (typed.day === "other" && !typed.other_day) found.other_day = said("other_day_needed");
  else if (typed.day && dayOf(typed, now) > isoDay(now)) found.other_day = said("day_ahead");
  if (typed.quantity && !/^[1-9]\d{0,5}$/.test(typed.quantity)) found.quantity = said("quantity_whole");
  if (!typed.people.length && !typed.household_number && !typed.person_name) found.people = said("people_needed");
  if (Boolean(typed.household_number) !== Boolean(typed.person_name)) found.person_name = said("person_both");
  if (typed.words.length > 500) found.words = said("words_long");
  if (NUMBER.test(typed.words)) found.words = said("words_number");
  return found;
}

// What the server asks for, out of what was typed.
export function asked(typed, item, now) {
  const { people, household_number, person_name, words } = typed;
  const happened_on = dayOf(typed, now);
  return { item: item.id, happened_on, quantity: Number(typed.quantity) || 1, people, household_number, person_name, words };
}

function place(field) {
  const name = FIELDS[field] || field;
  return document.getElementById(`id_${name}`) || (name && all(name)[0]) || null;
}

export function clearProblems() {
  document.getElementById("errors")?.remove();
  for (const old of form.querySelectorAll(".err")) old.remove();
  for (const field of form.querySelectorAll(".bad")) field.classList.remove("bad");
}

// The error summary above the form and the same words beside each field, as on the server's page.
export function showProblems(found) {
  clearProblems();
  const copy = fill("errsum", { title: said("missing", { n: Object.keys(found).length }) });
  for (const [field, words] of Object.entries(found)) {
    const line = document.createElement("li");
    const target = place(field);
    const holder = target?.closest(".field");
    if (holder) {
      const link = document.createElement("a");
      link.href = `#${target.id}`;
      link.textContent = words;
      line.append(link);
      holder.classList.add("bad");
      const err = fill("err", { words });
      (holder.querySelector("legend, label, .lbl") || holder.firstElementChild).after(err);
    } else line.textContent = words;
    copy.querySelector("ul").append(line);
  }
  form.before(copy);
  document.getElementById("errors").focus();
}

export { dayWords, form };
