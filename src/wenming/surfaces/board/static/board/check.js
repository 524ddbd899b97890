// Checks the proof once more on this phone: from the entry's bytes, up the path, to the sealed root (RFC 9162, SHA-256).
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function digest(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

export async function holds(proof) {
  let place = proof.number - 1;
  let last = proof.size - 1;
  let reached = await digest([0], bytes(proof.memento));
  for (const step of proof.path.map(bytes)) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      reached = await digest([1], step, reached);
      while (place && place % 2 === 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      reached = await digest([1], reached, step);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hex(reached) === proof.root;
}

const box = document.getElementById("checked");
if (box && globalThis.crypto?.subtle) {
  try {
    const proof = await (await fetch(box.dataset.proof)).json();
    if (proof.algorithm === "sha256") box.textContent = (await holds(proof)) ? box.dataset.good : box.dataset.bad;
  } catch {
    // No network, or an old browser: what the server said stays.
  }
}
