/** The functions that tests/extension/in_pages/test_files.py runs in pages. */

export function poll() {
  window.seen = new Set();
  const look = () => {
    for (const { name, size } of document.querySelector("#field").files) window.seen.add(`${name} ${size}`);
    setTimeout(look);
  };
  look();
  document.querySelector("#field").addEventListener("change", () => { window.changes = (window.changes ?? 0) + 1; });
}

export async function readInPage() {
  const files = [...document.querySelector("#field").files];
  const hex = async (file) => new Uint8Array(await file.arrayBuffer()).toHex();
  const read = async (file) => ({ name: file.name, type: file.type, hex: await hex(file) });
  return { files: await Promise.all(files.map(read)), seen: [...window.seen], changes: window.changes };
}

export function filesBeyondTheLimitAreRefusedInWordsBeforeAnyWork() {
  const { runtime } = globalThis.browser ?? chrome;
  const send = runtime.sendMessage;
  runtime.sendMessage = (message, ...rest) => {
    (window.sent ??= []).push(message.type);
    return send(message, ...rest);
  };
}

export function aFileIsWholeAfterAFirstTryThatWasRefused() {
  const { runtime } = globalThis.browser ?? chrome;
  const send = runtime.sendMessage;
  runtime.sendMessage = async (message, ...rest) => {
    if (message.type !== "prompt.agree") return send(message, ...rest);
    runtime.sendMessage = send;
    return { error: { code: "vault-restarted", message: "" } };
  };
}

export function dropInPage(selector) {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["x"], "Gehälter.bin"));
  const dropped = { bubbles: true, cancelable: true, composed: true, dataTransfer };
  document.querySelector(selector).dispatchEvent(new DragEvent("drop", dropped));
}

export function aPickerThatThePageOpensByItselfGivesItNothing() {
  const field = document.querySelector("#field");
  document.querySelector("#own").addEventListener("click", () => { field.showPicker(); window.shown = true; });
  field.addEventListener("change", () => { window.changes = 1; });
}
