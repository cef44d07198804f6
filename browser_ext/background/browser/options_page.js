/** The page with keys and people, opened at one of its sections. */
import { api } from "../../shared/api.js";

const PAGE = "options/options.html";

/**
 * Opens the page, or brings it to the front if it is open. Firefox's `openOptionsPage` would open a second page if the
 * open page shows another section.
 * @param {BodyOf<"options.open">} [body] `section` is "" for the section that the page shows already
 */
export async function open({ section } = { section: "" }) {
  const page = api.runtime.getURL(PAGE);
  const url = section ? `${page}#${section}-section` : page;
  const [known] = await api.tabs.query({ url: `${page}*` });
  if (known?.id === undefined) return void (await api.tabs.create({ url }));
  // Setting the same address again would reload the page, and the text that the person has typed there would be lost.
  await api.tabs.update(known.id, { active: true, ...(section && known.url !== url ? { url } : {}) });
  await api.windows.update(known.windowId, { focused: true });
}
