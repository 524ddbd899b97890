// Makes photos small on the phone before they are sent: at most 1280 pixels and about 120 KB. The server checks all the same.
const LONGEST = 1280;
const LARGEST = 120 * 1024;

async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  for (const quality of [0.8, 0.65, 0.5, 0.35]) {
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && (blob.size <= LARGEST || quality === 0.35)) return new File([blob], "photo.jpg", { type: "image/jpeg" });
  }
  return file;
}

export async function shrink(field) {
  const list = document.getElementById(field.dataset.shrink);
  const kept = new DataTransfer();
  const words = [];
  for (const file of [...field.files].slice(0, Number(field.dataset.most) || 9)) {
    let photo = file;
    try {
      if (file.size > LARGEST) photo = await smaller(file);
    } catch {
      // A picture this browser can't read goes to the server as it is, which says in words what is wrong.
    }
    kept.items.add(photo);
    words.push(`${Math.max(1, Math.round(photo.size / 1024))} KB`);
  }
  field.files = kept.files;
  if (list) list.textContent = words.length ? `${list.dataset.words} ${words.length} · ${words.join(" · ")}` : "";
}
