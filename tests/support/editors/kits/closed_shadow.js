import { start } from "./shadow_kit.js";

start("closed");
