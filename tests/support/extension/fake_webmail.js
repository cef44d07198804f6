/** Plays a webmail's adaptor: opens windows for letters, and takes or refuses messages as `data-mood` says. */
(() => {
  const api = globalThis.browser ?? globalThis.chrome;
  const root = document.documentElement;
  const octetsOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;

  document.addEventListener("webmail-writes", async ({ detail }) => {
    const { mail, ...body } = JSON.parse(detail);
    const heldMail = mail && (await api.runtime.sendMessage({ type: "mail.hold", body: { bytes: octetsOf(mail), name: "" } }));
    const reply = await api.runtime.sendMessage({ type: "compose.open", body: { bcc: [], ...body, mail: heldMail ? heldMail.value.mail : "" } });
    root.dataset.opened = JSON.stringify(reply);
  });

  api.runtime.onMessage.addListener((message, sender, reply) => {
    if (message.type !== "compose.done" || sender.tab) return undefined;
    const { envelope, subject, deliver, more } = message.body;
    const octets = new Uint8Array(message.body.message);
    const taken = JSON.parse(root.dataset.taken ?? "[]");
    const small = octets.length < 200_000 ? Array.from(octets, (octet) => String.fromCharCode(octet)).join("") : "";
    if (root.dataset.mood === "silent") {
      root.dataset.silenced = "yes";
      document.addEventListener("webmail-gives-up", () => reply({}), { once: true });
      return true;
    }
    const isRefused = root.dataset.mood === "refuses" || (root.dataset.mood === "refuses-last" && !more) || envelope.bcc.includes(root.dataset.refused);
    if (!isRefused) taken.push({ envelope, subject, deliver, more, length: octets.length, message: btoa(small) });
    root.dataset.taken = JSON.stringify(taken);
    reply(isRefused ? { sent: false, problem: "the mailbox is full." } : { sent: true, problem: "" });
    return undefined;
  });
  root.dataset.webmail = "ready";
})();
