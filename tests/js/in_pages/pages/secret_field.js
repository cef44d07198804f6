/** The functions that tests/pages/test_secret_field.py runs in pages. */

export function beforeThePage() {
  globalThis.made = [];
  const Native = ArrayBuffer;
  globalThis.ArrayBuffer = new Proxy(Native, {
    construct(target, parameters, newTarget) {
      const buffer = Reflect.construct(target, parameters, newTarget === globalThis.ArrayBuffer ? target : newTarget);
      made.push(buffer);
      return buffer;
    },
  });
}

export async function showField(direction) {
  const { SecretField } = await import("/source/wasm_build/ui/secret_field.js");
  const { loadCatalogue } = await import("/source/wasm_build/ui/catalogue.js");
  const translate = await loadCatalogue("en", [new URL("/runtime/ui/messages.en.json", location.href)]);
  document.documentElement.dir = direction;
  globalThis.submitted = 0;
  const onSubmit = () => { submitted += 1; };
  globalThis.field = new SecretField({ translate, label: "Passphrase", hint: "Of your keys.", onSubmit });
  const other = Object.assign(document.createElement("textarea"), { id: "other" });
  const button = Object.assign(document.createElement("button"), { id: "next", textContent: "Next" });
  const main = document.createElement("main");
  main.style.padding = "16px";
  main.append(field.element, other, button);
  document.body.replaceChildren(main);
}

export function takeInPage() {
  const holds = (buffer) => buffer.byteLength === 4096 && new Uint8Array(buffer).some((octet) => octet);
  const holding = () => made.filter(holds).length;
  const before = holding();
  const { buffer, length } = field.take();
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(buffer, 0, length));
  new Uint8Array(buffer).fill(0);
  return {
    text, size: buffer.byteLength, before, left: holding(), length: field.length,
    shown: document.querySelector("[data-test=passphrase]").textContent,
    pixels: document.querySelector("canvas").width,
  };
}

export async function composeInFirefox(steps, end) {
  const window = Services.wm.getMostRecentWindow("navigator:browser");
  window.focus();
  const processor = Cc["@mozilla.org/text-input-processor;1"].createInstance(Ci.nsITextInputProcessor);
  if (!processor.beginInputTransactionForTests(window)) throw new Error("no input transaction");
  for (const step of steps) {
    processor.setPendingCompositionString(step);
    if (step) processor.appendClauseToPendingComposition(step.length, processor.ATTR_RAW_CLAUSE);
    processor.setCaretInPendingComposition(step.length);
    processor.flushPendingComposition();
    await new Promise((resolve) => window.setTimeout(resolve, 20));
  }
  processor.commitCompositionWith(end);
  await new Promise((resolve) => window.setTimeout(resolve, 20));
}

export function beginComposition(text) {
  const editor = document.querySelector("[data-test=passphrase]");
  editor.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
  editor.firstChild.appendData(text);
  const inputType = "insertCompositionText";
  editor.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true, inputType }));
}

export function drawn() {
  const canvas = document.querySelector("canvas");
  if (canvas.hidden || !canvas.width) return null;
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return { ink: pixels.some((octet) => octet), width: canvas.width, html: document.body.outerHTML.includes("Gü") };
}

export function theDocumentNeverHoldsWhatWasTyped() {
  globalThis.seen = [];
  const look = () => seen.push(document.documentElement.outerHTML.includes("Xyl"));
  const everything = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(look).observe(document, everything);
  for (const type of ["keydown", "beforeinput", "input", "keyup"]) document.addEventListener(type, look);
}

export function droppedTextIsTaken() {
  const dataTransfer = new DataTransfer();
  dataTransfer.setData("text/plain", "dropped\r\n");
  const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
  const editor = document.querySelector("[data-test=passphrase]");
  if (editor.dispatchEvent(drop)) throw new Error("the browser would drop it into the document");
}

export function theFieldSaysWhatItIsAndWhatItHolds() {
  const editor = document.querySelector("[data-test=passphrase]");
  const part = (id) => document.getElementById(id).textContent;
  const text = (name) => editor.getAttribute(name).split(" ").map(part).join(" ").trim();
  field.setError("This is not it.");
  return [editor.role, text("aria-labelledby"), text("aria-describedby"), editor.ariaInvalid, editor.spellcheck];
}

export function aManagerThatWritesIntoTheDocumentIsUnderstood(text) {
  const editor = document.querySelector("[data-test=passphrase]");
  editor.textContent = text;
  editor.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
}

export function halfACharacterBecomesTheReplacementCharacter() {
  const editor = document.querySelector("[data-test=passphrase]");
  const options = { bubbles: true, cancelable: true, inputType: "insertText", data: "a\ud83dz" };
  editor.dispatchEvent(new InputEvent("beforeinput", options));
}
