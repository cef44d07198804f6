/** The functions that tests/extension/in_pages/test_questions.py runs in pages. */

export async function change([name, path, value]) {
  const { session } = (globalThis.browser ?? chrome).storage;
  const entry = Object.entries(await session.get(null)).find(([key]) => key.startsWith(name));
  let inside = entry[1];
  for (const step of path.slice(0, -1)) inside = inside[step];
  inside[path.at(-1)] = value;
  await session.set({ [entry[0]]: entry[1] });
}

export async function answers(authority) {
  const { QUESTIONS, answer } = await import("/source/browser_ext/background/jobs/questions.js");
  const { digestOf } = await import("/source/browser_ext/shared/question.js");
  const { MESSAGES } = await import("/source/browser_ext/shared/messages.js");
  const { ask } = await import("/source/browser_ext/shared/request.js");
  const database = await import("/source/browser_ext/shared/database.js");
  const { session } = (globalThis.browser ?? chrome).storage;
  const certificate = (await database.all("people"))[0];
  const { fingerprint } = certificate;
  const change = { address: "a@x.test", before: certificate, after: certificate, sameIssuer: true };
  await database.put("settings", { name: "changed certificates", value: [change] });
  const heldSettings = { "setting:strict": { text: "true", own: "false", state: "asked" } };
  await database.put("settings", { name: "held settings", value: heldSettings });
  const place = { origin: "https://site.test", ancestors: [] };
  const composition = { ...place, id: "c", kind: "new", mail: "", deliver: "raw", windowTabId: 7 };
  const job = { ...place, id: "j", kind: "altered", state: "waiting",
    replyKey: [], notice: { text: "Pay Bob", isSent: false } };
  const bytes = Array.from(new Uint8Array(certificate.certificate), (byte) => String.fromCharCode(byte)).join("");
  const proposals = [{ fingerprint, certificates: [bytes] }];
  const named = { fingerprint: "f".repeat(64), addresses: ["@own.test"] };
  const own = { certificate: String.fromCharCode(...authority), own: { ...named, question: named } };
  await session.set({ "composition:c": composition, "job:j": job, proposals, "own authority": own });
  const names = { address: "a@x.test", job: "j", composition: "c", page: "p" };
  const body = { ...names, name: "setting:strict", fingerprint, kind: "exact", addresses: [] };
  const sender = { tab: { id: 7 } };
  const outcomes = {};
  for (const [type, { read }] of Object.entries(QUESTIONS)) {
    // The question about a backup needs a file: test_backup.py asks it.
    if (type === "backup.restore") continue;
    // Only the background itself reaches the vault, which describes certificates.
    const vaults = { "trust.accept": "trust.proposal", "authority.accept": "authority.proposal" }[type];
    const question = vaults ? (await ask(vaults)).question : await read(body, sender);
    const shown = await digestOf(question);
    const { fingerprint: named, addresses } = type === "authority.accept" ? question : body;
    const own = { ...body, fingerprint: named, addresses };
    const send = (digest) => vaults ? ask(type, { ...own, shown: digest }).then(() => "acted")
      : Promise.resolve(answer(type, { ...body, shown: digest }, sender, () => "acted"));
    const codeOf = ({ code }) => code.startsWith("decision-refused") ? "acted" : code;
    const attempt = (digest) => send(digest).then(() => "acted", codeOf);
    outcomes[type] = [await attempt("0".repeat(64)), await attempt(shown)];
  }
  for (const name of ["changed certificates", "held settings"]) await database.remove("settings", name);
  // The hash of a chunk is a digest too, but of no question.
  const asks = ([member, kind]) => kind === "digest" && member !== "sha256";
  const bound = Object.entries(MESSAGES).filter(([, { body }]) => Object.entries(body).some(asks));
  return [outcomes, bound.map(([type]) => type)];
}

export async function proposeInPage(certificate) {
  const { fingerprint, der } = certificate;
  const { propose } = await import("/source/browser_ext/background/people/trust.js");
  await propose(fingerprint, Uint8Array.from(der, (byte) => byte).buffer, []);
}

export async function forget() {
  const { session } = (globalThis.browser ?? chrome).storage;
  const names = Object.keys(await session.get(null));
  await session.remove(names.filter((name) => /^(job|frame|composition):|^proposals$/.test(name)));
}
