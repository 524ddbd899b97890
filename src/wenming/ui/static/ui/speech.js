// Reading aloud and writing by speaking, by the browser's own services; what it lacks stays hidden. Nothing is sent by us.
const LANG = "zh-CN";
const voice = () => speechSynthesis.getVoices().find((one) => one.lang.replace("_", "-").startsWith("zh"));

function offerReading(button) {
  const words = button.querySelector("span");
  const [read, stop] = [words.textContent, button.dataset.stop];
  const rest = () => {
    words.textContent = read;
    button.setAttribute("aria-pressed", "false");
  };
  const reveal = () => (button.hidden = !voice());
  reveal();
  speechSynthesis.addEventListener?.("voiceschanged", reveal);
  button.addEventListener("click", () => {
    const isReading = button.getAttribute("aria-pressed") === "true";
    speechSynthesis.cancel();
    rest();
    if (isReading) return;
    const parts = [...document.querySelectorAll("[data-aloud]")].map((part) => part.dataset.aloud || part.innerText);
    const said = new SpeechSynthesisUtterance(parts.join("。").replace(/\s+/g, "，"));
    Object.assign(said, { lang: LANG, voice: voice(), rate: 0.9, onend: rest, onerror: rest });
    words.textContent = stop;
    button.setAttribute("aria-pressed", "true");
    speechSynthesis.speak(said);
  });
  addEventListener("pagehide", () => speechSynthesis.cancel());
}

function offerSpeaking(row, Recogniser) {
  const button = row.querySelector("button");
  const words = button.querySelector("span");
  const [speak, stop] = [words.textContent, button.dataset.stop];
  const [note, told] = row.querySelectorAll("p");
  const field = document.getElementById(row.dataset.speak);
  let listening = null;
  const rest = () => {
    listening = null;
    words.textContent = speak;
    button.setAttribute("aria-pressed", "false");
  };
  button.hidden = told.hidden = false;
  note.hidden = true;
  button.addEventListener("click", () => {
    if (listening) {
      listening.stop();
      return;
    }
    listening = new Recogniser();
    listening.lang = LANG;
    listening.onresult = (event) => {
      for (const result of [...event.results].slice(event.resultIndex)) field.value += result[0].transcript;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    listening.onend = rest;
    listening.onerror = () => {
      rest();
      button.hidden = told.hidden = true;
      note.hidden = false;
    };
    words.textContent = stop;
    button.setAttribute("aria-pressed", "true");
    listening.start();
  });
}

const button = document.getElementById("aloud");
if (button && "speechSynthesis" in window) offerReading(button);
const Recogniser = window.SpeechRecognition || window.webkitSpeechRecognition;
if (Recogniser) for (const row of document.querySelectorAll("[data-speak]")) offerSpeaking(row, Recogniser);
