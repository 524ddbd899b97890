// Checks proofs against paper, on this device, from bytes alone: RFC 9162 over SHA-256 or SM3. The twin of verify_proof.py.
// No part of it asks the server whether something is true.

export const bytes = (text) => {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
};
export const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const turnLeft = (word, by) => (by % 32 ? (word << by) | (word >>> (32 - by)) : word);

// Both hashes take the message in blocks of 64 bytes, closed by a 1 bit and the length in bits.
function blocks(data) {
  const whole = new Uint8Array(Math.ceil((data.length + 9) / 64) * 64);
  whole.set(data);
  whole[data.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(whole.length - 8, Math.floor(data.length / 0x20000000));
  view.setUint32(whole.length - 4, data.length * 8);
  return Array.from({ length: whole.length / 64 }, (_none, block) =>
    Array.from({ length: 16 }, (_word, place) => view.getInt32(64 * block + 4 * place)),
  );
}

function joined(state) {
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => out.setInt32(4 * place, word));
  return new Uint8Array(out.buffer);
}

// The first 32 bits of the fractional parts of roots of primes: what FIPS 180-4 writes out as tables.
const primes = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
const fraction = (value) => ((value - Math.floor(value)) * 0x100000000) | 0;
const K = primes.map((prime) => fraction(Math.cbrt(prime)));
const SHA256 = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

// FIPS 180-4, for pages that come without https, where the browser's own is locked away.
export function sha256(data) {
  const right = (word, by) => turnLeft(word, 32 - by);
  let state = SHA256;
  for (const block of blocks(data)) {
    const w = [...block];
    for (let j = 16; j < 64; j += 1) {
      const [low, high] = [w[j - 15], w[j - 2]];
      const one = right(low, 7) ^ right(low, 18) ^ (low >>> 3);
      const two = right(high, 17) ^ right(high, 19) ^ (high >>> 10);
      w.push((w[j - 16] + one + w[j - 7] + two) | 0);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let j = 0; j < 64; j += 1) {
      const one = (h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + K[j] + w[j]) | 0;
      const two = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    const after = [a, b, c, d, e, f, g, h];
    state = state.map((word, place) => (word + after[place]) | 0);
  }
  return joined(state);
}

const SM3 = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];

// GB/T 32905-2016; no browser has it.
export function sm3(data) {
  const flat = (word) => word ^ turnLeft(word, 9) ^ turnLeft(word, 17);
  let state = SM3;
  for (const block of blocks(data)) {
    const w = [...block];
    for (let j = 16; j < 68; j += 1) {
      const x = w[j - 16] ^ w[j - 9] ^ turnLeft(w[j - 3], 15);
      w.push(x ^ turnLeft(x, 15) ^ turnLeft(x, 23) ^ turnLeft(w[j - 13], 7) ^ w[j - 6]);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let j = 0; j < 64; j += 1) {
      const early = j < 16;
      const one = turnLeft((turnLeft(a, 12) + e + turnLeft(early ? 0x79cc4519 : 0x7a879d8a, j % 32)) | 0, 7);
      const two = ((early ? a ^ b ^ c : (a & b) | (a & c) | (b & c)) + d + (one ^ turnLeft(a, 12)) + (w[j] ^ w[j + 4])) | 0;
      const three = ((early ? e ^ f ^ g : (e & f) | (~e & g)) + h + one + w[j]) | 0;
      [a, b, c, d, e, f, g, h] = [two, a, turnLeft(b, 9), c, flat(three), e, turnLeft(f, 19), g];
    }
    const after = [a, b, c, d, e, f, g, h];
    state = state.map((word, place) => word ^ after[place]);
  }
  return joined(state);
}

// The browser's own SHA-256 where it may be used, else the one above.
export async function digest(algorithm, ...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  if (algorithm === "sm3") return sm3(whole);
  const own = globalThis.crypto?.subtle;
  return own ? new Uint8Array(await own.digest("SHA-256", whole)) : sha256(whole);
}

const node = (algorithm, left, right) => digest(algorithm, [1], left, right);

function half(size) {
  let most = 1;
  while (most * 2 < size) most *= 2;
  return most;
}

// RFC 9162, 2.1.3: the root that a path gives to leaf `number` (from 1) of `size`; null when the path is too short or too long.
export async function climb(algorithm, value, number, size, path) {
  if (size <= 1 || !path.length) return size === 1 && !path.length ? value : null;
  const [middle, rest, step] = [half(size), path.slice(0, -1), path[path.length - 1]];
  const low = number <= middle;
  const below = low
    ? await climb(algorithm, value, number, middle, rest)
    : await climb(algorithm, value, number - middle, size - middle, rest);
  return below && (low ? node(algorithm, below, step) : node(algorithm, step, below));
}

// RFC 9162, 2.1.4: the roots of the first `first` leaves and of all `size`; `known` is the former while it is a subtree of its own.
export async function grow(algorithm, known, first, size, path) {
  if (first === size) {
    const ends = known ? [known, ...path] : path;
    return ends.length === 1 ? [ends[0], ends[0]] : null;
  }
  if (!path.length) return null;
  const [middle, rest, step] = [half(size), path.slice(0, -1), path[path.length - 1]];
  if (first <= middle) {
    const below = await grow(algorithm, known, first, middle, rest);
    return below && [below[0], await node(algorithm, below[1], step)];
  }
  const below = await grow(algorithm, null, first - middle, size - middle, rest);
  return below && [await node(algorithm, step, below[0]), await node(algorithm, step, below[1])];
}

// What the bytes of an entry say (version 1): book, voucher, when it was recorded, kind, branch, lines of account and amount.
export function factsOf(memento) {
  const view = new DataView(memento.buffer, memento.byteOffset, memento.byteLength);
  let at = 1;
  const take = (count) => {
    if (at + count > memento.length) throw new Error("cut short");
    at += count;
    return memento.subarray(at - count, at);
  };
  const text = () => new TextDecoder("utf-8", { fatal: true }).decode(take(take(1)[0]));
  const whole = () => {
    take(8);
    return view.getInt32(at - 8) * 0x100000000 + view.getUint32(at - 4);
  };
  if (memento[0] !== 1) throw new Error("not version 1");
  const facts = { book: text(), voucher: hex(take(16)), recorded: new Date(whole() / 1000) };
  take(32);
  Object.assign(facts, { kind: text(), branch: text() });
  take(32 + 8 + 32);
  facts.lines = Array.from({ length: take(1)[0] }, () => ({ account: hex(take(16)), amount: whole() }));
  if (at !== memento.length) throw new Error("too long");
  return facts;
}

const isSize = (value) => Number.isSafeInteger(value) && value >= 1;

// Does the proof hold against the paper (or both papers)? A paper is its book, size and root; nothing is taken from the file.
export async function check(proof, paper, earlier) {
  const { algorithm, book } = proof;
  const path = proof.path.map(bytes);
  if (!["sha256", "sm3"].includes(algorithm) || path.length > 64 || path.some((step) => step.length !== 32)) return false;
  if ([paper, earlier].some((sheet) => sheet && (sheet.book !== book || !isSize(sheet.size) || bytes(sheet.root).length !== 32)))
    return false;
  if ("first" in proof) {
    if (proof.first !== earlier.size || proof.second !== paper.size || earlier.size > paper.size) return false;
    const roots = await grow(algorithm, bytes(earlier.root), earlier.size, paper.size, path);
    return roots !== null && hex(roots[0]) === earlier.root && hex(roots[1]) === paper.root;
  }
  const { number, size } = proof;
  if (size !== paper.size || !isSize(number) || number > size) return false;
  const memento = bytes(proof.memento);
  const root = await climb(algorithm, await digest(algorithm, [0], memento), number, size, path);
  return root !== null && hex(root) === paper.root && factsOf(memento).book === book;
}
