/** The functions that tests/extension/in_pages/test_hostile_frames.py runs in pages. */

export function embed(url) {
  return new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      frame.contentWindow.postMessage({ type: "token", token: crypto.randomUUID(), text: "guessed" }, "*");
      done();
    };
    frame.src = url;
    document.body.append(frame);
  });
}

export function speakToView(url) {
  return new Promise((done) => {
    const frame = document.createElement("iframe");
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done("answered");
    frame.onload = () => {
      frame.contentWindow.postMessage("port", "*", [port2]);
      port1.postMessage({ id: 1, type: "read", body: { label: "", words: {}, language: "en", direction: "ltr" } });
      setTimeout(() => done("silent"), 1000);
    };
    frame.src = url;
    document.body.append(frame);
  });
}

export async function claimInPage(change) {
  const frames = await import("/source/browser_ext/background/browser/frames.js");
  const place = { id: "x", tab: { id: 4711, windowId: 1 }, frameId: 0, documentId: "one", origin: "https://a.test" };
  const body = { kind: change.kind, smime: "", proposed: [], cms: "", mail: "held", secure: true, text: "" };
  const { token, frame } = await frames.request(body, place);
  const { session } = (globalThis.browser ?? chrome).storage;
  const name = `token:${token}`;
  const broker = { ...place, frameId: 7, documentId: "broker", ...change.broker };
  const ticket = { token, frame: "", pageOrigin: "https://a.test", ...change.ticket };
  const codes = [];
  const claim = () => frames.claim(ticket, broker).then(() => codes.push("claimed"), ({ code }) => codes.push(code));
  if (change.late) await session.set({ [name]: { ...(await session.get(name))[name], expires: Date.now() - 1 } });
  await claim();
  if (change.again) await claim();
  await session.remove([name, `frame:${frame}`]);
  return codes;
}

export async function atOnce(kind) {
  const [frames, fields] = await Promise.all([
    import("/source/browser_ext/background/browser/frames.js"), import("/source/browser_ext/background/pages/fields.js"),
  ]);
  const place = { id: "x", tab: { id: 4711, windowId: 1 }, frameId: 0, documentId: "one", origin: "https://a.test" };
  const outcome = (request) => request.then(() => "done", ({ code }) => code);
  const grouped = (codes) => Object.entries(Object.groupBy(codes, (code) => code));
  const count = (codes) => grouped(codes).map(([code, all]) => [code, all.length]);
  if (kind === "budget") {
    const origin = `https://${crypto.randomUUID()}.test`, paying = { origin, ancestors: [] };
    return count(await Promise.all(Array.from({ length: 30 }, () => outcome(fields.spendBudget(paying)))));
  }
  const body = { kind: "write", smime: "", proposed: [], cms: "", mail: "", secure: true, text: "" };
  const { token } = await frames.request(body, place);
  const ticket = { token, frame: "", pageOrigin: "https://a.test" };
  const claim = (frameId) => outcome(frames.claim(ticket, { ...place, frameId }));
  return count(await Promise.all([3, 4, 5, 6].map(claim)));
}

export async function fetched(url) {
  const reached = await fetch(url).then(() => true, () => false);
  const image = await new Promise((done) => {
    const script = document.createElement("script");
    script.onload = () => done(true);
    script.onerror = () => done(false);
    script.src = url;
    document.head.append(script);
  });
  const frame = document.createElement("iframe");
  frame.src = url;
  document.body.append(frame);
  return [reached, image];
}

export function aPageFindsNothingOfAMailAndSpeaksToNoFrameOfIt() {
  window.echo = [];
  addEventListener("message", ({ data }) => echo.push(data.type ?? data));
  for (const type of ["frame.closed", "frame.left", "token"]) {
    window.postMessage({ type, frame: "", token: "forged" }, "*");
  }
  window.postMessage("port", "*");
}

export function noMessageOfAPageReachesTheExtension() {
  window.echo = [];
  addEventListener("message", ({ data }) => echo.push(data.type));
  for (const type of ["frame.closed", "field.encrypted", "frame.claimed", "token", "port"]) {
    window.postMessage({ type, frame: "", armored: "forged", token: "forged" }, "*");
  }
}

export async function aContentScriptMaySendNoMessageOfAPrivatePage() {
  const { MESSAGES, parseMessage } = await import("/source/browser_ext/shared/messages.js");
  const outcome = {};
  for (const [type, { from }] of Object.entries(MESSAGES)) {
    if (from.includes("content")) continue;
    try { parseMessage({ type, body: {} }, "content"); outcome[type] = "accepted"; }
    catch ({ code }) { outcome[type] = code; }
  }
  return [outcome, parseMessage({ type: "content.load", body: { part: "fields" } }, "content").type];
}

export async function aFrameBelongsToTheDocumentThatAskedForIt(change) {
  const frames = await import("/source/browser_ext/background/browser/frames.js");
  const place = { tab: { id: 4711 }, frameId: 0, documentId: "one", origin: "https://a.test" };
  const body = { kind: "write", smime: "", proposed: [], cms: "", secure: true, text: "" };
  const { frame } = await frames.request(body, place);
  const answer = (sender) => frames.continueAfterRemoval({ frame }, sender).then(() => "accepted", ({ code }) => code);
  return [await answer({ ...place, ...change }), await answer(place)];
}

export async function aClaimedFrameObeysTheDocumentThatClaimedIt(change) {
  const frames = await import("/source/browser_ext/background/browser/frames.js");
  const page = { tab: { id: 4711 }, frameId: 0, documentId: "one", origin: "https://a.test" };
  const body = { kind: "write", smime: "", proposed: [], cms: "", mail: "", secure: true, text: "" };
  const { token, frame } = await frames.request(body, page);
  const broker = { ...page, frameId: 7, documentId: "broker" };
  await frames.claim({ token, frame: "", pageOrigin: "https://a.test" }, broker);
  return frames.ofBroker(frame, { ...broker, ...change }).then(() => "accepted", ({ code }) => code);
}
