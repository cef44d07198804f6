import { registerPlainText } from "@lexical/plain-text";
import { start } from "./lexical_kit.js";

start(registerPlainText);
