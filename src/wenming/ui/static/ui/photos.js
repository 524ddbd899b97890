// Makes photos small on the phone before they are sent or kept: at most 1280 pixels and 120 KB. The server checks all the same.
const SIDES = [1280, 1024, 800, 640, 480];
const QUALITIES = [0.8, 0.65, 0.5];
const LARGEST = 120 * 1024;
let under_way = Promise.resolve();

// Waits for photos that are being made small.
export const working = () => under_way;

function element(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onerror = fail;
    reader.onload = () => {
      const picture = new Image();
      picture.onload = () => done(picture);
      picture.onerror = fail;
      picture.src = reader.result;
    };
    reader.readAsDataURL(file);
  });
}

// Upright and ready to draw; older browsers know no createImageBitmap, or not its options.
const decoded = (file) =>
  self.createImageBitmap ? createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => element(file)) : element(file);

async function smaller(file) {
  const picture = await decoded(file);
  if (file.size <= LARGEST) return file;
  const canvas = document.createElement("canvas");
  for (const side of SIDES) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      if (blob && blob.size <= LARGEST) return new File([blob], "photo.jpg", { type: "image/jpeg" });
    }
  }
  throw new Error("too large");
}

// Where the phone keeps the photos itself it is told by an event; else they stay in the field and are sent with it.
async function work(field) {
  const kept = [];
  let unread = 0;
  for (const file of [...field.files].slice(0, Number(field.dataset.most) || 9)) {
    try {
      kept.push(await smaller(file));
    } catch {
      // A picture this browser can't read goes to the server as it is, which says in words what is wrong.
      unread += 1;
      if (!field.dataset.kept) kept.push(file);
    }
  }
  if (field.dataset.kept) {
    field.value = "";
    field.dispatchEvent(new CustomEvent("shrunk", { bubbles: true, detail: { files: kept, unread } }));
    return;
  }
  const bag = new DataTransfer();
  for (const photo of kept) bag.items.add(photo);
  field.files = bag.files;
  const list = document.getElementById(field.dataset.shrink);
  const sizes = kept.map((photo) => `${Math.max(1, Math.round(photo.size / 1024))} KB`);
  if (list) list.textContent = kept.length ? `${list.dataset.words} ${kept.length} · ${sizes.join(" · ")}` : "";
}

export function shrink(field) {
  under_way = under_way.then(() => work(field));
  return under_way;
}
