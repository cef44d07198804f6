const toBase64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (it) => it.charCodeAt(0)).buffer;
const CALLS = {
  source: async (webmail) => toBase64(await webmail.messages()[0].fetchSource()),
  fields: async (webmail) => webmail.composer().fields(),
  original: async (webmail) => {
    const bytes = await webmail.composer().fetchOriginal();
    return bytes && toBase64(bytes);
  },
  delivery: (webmail) => webmail.delivery(),
  answer: (webmail, kind) => webmail.answer(kind),
  send: (webmail, { message, ...done }) => webmail.send({ ...done, message: fromBase64(message) }),
  notes: () => {
    const rootOf = (box) => box.openOrClosedShadowRoot ?? globalThis.chrome?.dom?.openOrClosedShadowRoot(box);
    const roots = [...document.querySelectorAll("div")].map(rootOf);
    const notes = roots.flatMap((root) => [...(root?.querySelectorAll("[role=status]") ?? [])]);
    return notes.map((note) => note.textContent);
  },
  button: (_, label) => {
    const rootOf = (box) => box.openOrClosedShadowRoot ?? globalThis.chrome?.dom?.openOrClosedShadowRoot(box);
    const roots = [...document.querySelectorAll("div")].map(rootOf);
    const buttons = roots.flatMap((root) => [...(root?.querySelectorAll("button") ?? [])]);
    const target = buttons.find((button) => button.textContent === label);
    target?.scrollIntoView({ block: "center" });
    const box = target?.getBoundingClientRect();
    return box && { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
  },
  countOffers: () => {
    const { mail } = globalThis.sealwaxContent;
    const { offerMail } = mail;
    mail.counted = [];
    mail.offerMail = (...options) => {
      const begun = performance.now();
      const offer = offerMail(...options);
      mail.counted.push(performance.now() - begun);
      return offer;
    };
  },
  offers: () => globalThis.sealwaxContent.mail.counted,
};
// The watcher brings the adaptors in when it has seen a webmail.
for (let look = 0; look < 200 && !globalThis.sealwaxContent?.mail; look += 1) {
  await new Promise((done) => setTimeout(done, 50));
}
const webmail = globalThis.sealwaxContent.mail.adaptors.find((adaptor) => adaptor.recognises());
if (!webmail && !["notes", "button"].includes(name)) return { problem: "not recognised" };
try {
  return { webmail: webmail?.name, value: (await CALLS[name](webmail, ...given)) ?? null };
} catch (error) {
  return { webmail: webmail?.name, problem: error.code ?? String(error) };
}
