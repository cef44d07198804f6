/** The page with keys and people, opened at one of its sections. */
import { api } from "../../shared/api.js";

const PAGE = "options/options.html";

/**
 * Opens the page, or brings it to the front if it is open. Firefox's `openOptionsPage` opens a second page if the first
 * shows another section.
 * @param {BodyOf<"options.open">} [body] `section` is "" for the section that the page shows already
 */
export async function open({ section } = { section: "" }) {
  const page = api.runtime.getURL(PAGE);
  const url = section ? `${page}#${section}-section` : page;
  const [known] = await api.tabs.query({ url: `${page}*` });
  if (known?.id === undefined) return void (await api.tabs.create({ url }));
  // The same address again would load the page anew, and lose what the person has typed in it.
  await api.tabs.update(known.id, { active: true, ...(section && known.url !== url ? { url } : {}) });
  await api.windows.update(known.windowId, { focused: true });
}
