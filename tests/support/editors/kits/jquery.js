/** jQuery, as the plugins of editors expect it: in the window. */
import jQuery from "jquery";

globalThis.jQuery = globalThis.$ = jQuery;
export default jQuery;
