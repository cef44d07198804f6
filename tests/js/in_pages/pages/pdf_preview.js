/** The functions that tests/pages/test_pdf_preview.py runs in pages. */

export function ink() {
  const [shown] = document.querySelectorAll(".pdf-page > canvas");
  const { width, height } = shown;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(shown, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return data.reduce((count, octet, at) => count + (at % 4 === 0 && octet < 128 ? 1 : 0), 0);
}

export function shortTimes() {
  const real = window.setTimeout;
  window.restore = () => { window.setTimeout = real; };
  window.setTimeout = (act, milliseconds, ...parameters) =>
    real(act, milliseconds === 20000 ? 3000 : milliseconds, ...parameters);
}

export function replaceLibrary(code) {
  const real = window.fetch;
  window.restore = () => { window.fetch = real; };
  window.fetch = async (url, options) => {
    return String(url).endsWith("pdf_worker.js") ? new Response(code) : real(url, options);
  };
}

export function holdLibrary() {
  const real = window.fetch;
  const gate = new Promise((resolve) => { window.release = resolve; });
  window.restore = () => { window.fetch = real; };
  window.fetch = async (url, options) => {
    const isLibrary = String(url).endsWith("pdf_worker.js");
    if (isLibrary) { window.isAsked = true; await gate; }
    const answer = await real(url, options);
    if (isLibrary) setTimeout(() => { window.isGiven = true; }, 500);
    return answer;
  };
}

export async function triesInFrame(server) {
  const reached = [];
  const attempt = async (name, act) => { try { await act(); reached.push(name); } catch { /* refused */ } };
  await attempt("parent", () => parent.document.title);
  await attempt("top", () => { top.location.href = server + "/top"; });
  await attempt("storage", () => localStorage.length);
  await attempt("cookie", () => document.cookie);
  await attempt("fetch", () => fetch(server + "/fetch", { mode: "no-cors" }));
  const image = document.createElement("img");
  image.src = server + "/image";
  const script = document.createElement("script");
  await attempt("script", () => {
    script.append("window.wasRun = true");
    document.documentElement.append(image, script);
    if (!window.wasRun) throw new Error("refused");
  });
  await attempt("window", () => {
    if (!window.open(server + "/window")) throw new Error("refused");
  });
  return reached;
}
