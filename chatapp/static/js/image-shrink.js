// Photographs are larger than any model looks at: they are made smaller before they are sent.

const LARGE = 3_000_000; // bytes
const SIDE = 2_048; // pixels
const QUALITY = 0.88;
const KINDS = ["image/jpeg", "image/png", "image/webp"];

export async function shrunk(file) {
  if (file.size <= LARGE || !KINDS.includes(file.type)) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const kind = file.type === "image/png" ? "image/webp" : file.type;
    const smaller = await new Promise((done) => canvas.toBlob(done, kind, QUALITY));
    return smaller && smaller.size < file.size ? smaller : file;
  } catch {
    return file; // no picture that a browser knows: the server says what it thinks of it
  }
}
