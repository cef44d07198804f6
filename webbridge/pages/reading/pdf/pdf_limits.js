/** The limits of a PDF preview, which both the drawing worker and the showing page know. */

/** The number of pages that can be scrolled to. */
export const MAX_SHOWN_PAGES = 500;
/** The longest side of a drawn page, and its largest area: 32 MB of memory. */
export const MAX_SIDE_PIXELS = 4096;
export const MAX_AREA_PIXELS = 8_000_000;
/** The longest text of a page for screen readers. */
export const MAX_TEXT_CHARACTERS = 50_000;
/** A picture in the file with more pixels than this is left out. */
export const MAX_IMAGE_PIXELS = 40_000_000;
