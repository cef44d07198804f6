/** The functions that tests/extension/viewer/test_markup.py runs in pages. */

export async function show(kind, markup) {
  const bytes = new TextEncoder().encode(markup);
  const prepared = kind === "page"
    ? await markupProbe.preparePage({ bytes, mediaType: "text/html", address: "https://site.example/", resources: [] })
    : kind === "mail" ? await markupProbe.prepareMail(markup, async () => null) : { document: markup };
  if (!prepared) return "refused";
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-popups";
  frame.srcdoc = prepared.document;
  const loaded = new Promise((resolve) => { frame.onload = resolve; });
  document.body.append(frame);
  await loaded;
  await new Promise((resolve) => setTimeout(resolve, 150));
  frame.remove();
  return prepared.document;
}

export function embed(url) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-popups";
  frame.src = url;
  document.body.append(frame);
}

export function foundInPage(markup) {
  const root = new DOMParser().parseFromString(markup, "text/html");
  const live = "link, script, iframe, object, embed, template, base, math, use, img[src], [srcset]";
  const elements = root.querySelectorAll(live);
  const addresses = [...root.querySelectorAll("*")].flatMap((element) => [...element.attributes])
    .filter(({ name, value }) => /^(?:on|ping|action|formaction|srcset|background|poster)/i.test(name)
      || (/127\.0\.0\.1/.test(value) && !["href", "title", "style", "id", "alt"].includes(name)));
  const metas = [...root.querySelectorAll("meta")].map((meta) => meta.outerHTML);
  return [[...elements].map(({ localName }) => localName), addresses.map(({ name }) => name), metas.length];
}
