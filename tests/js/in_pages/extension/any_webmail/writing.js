/** The functions that tests/extension/any_webmail/test_writing.py runs in pages. */

export async function handed() {
  const [file] = document.querySelector("[type=file]").files;
  const values = [...document.querySelectorAll("input:not([type=file])")].map((field) => [field.className, field.value]);
  const page = document.querySelector("iframe").contentDocument.body.innerText;
  return file && { ...Object.fromEntries(values), page, file: await file.text(), name: file.name };
}
