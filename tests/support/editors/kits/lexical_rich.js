import { registerRichText } from "@lexical/rich-text";
import { start } from "./lexical_kit.js";

start(registerRichText);
