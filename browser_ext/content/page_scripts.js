/** The bundle that fetches or copies the page of a tab, after the person's click. */
import { copyPage } from "./page_copy.js";
import { fetchLinked, fetchPublished } from "./page_fetch.js";
import { world } from "./world.js";

/** The functions for whole pages, which the background calls in the tab. */
export const pages = { copyPage, fetchLinked, fetchPublished };

world.pages = pages;
