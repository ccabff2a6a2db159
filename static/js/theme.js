// Puts the kept choices on <html> before the first paint. Loaded plainly in <head>, so it stays tiny.
import { applyChoices } from "./choices.js";

applyChoices();
