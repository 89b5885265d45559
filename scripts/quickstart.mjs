/** `npm run quickstart`: installs what is missing, then shows a review from webhook to note. */
import { findNode, install, nodeEnvironment, run } from "./bootstrap.mjs";

install();
const node = findNode();
run(node, ["src/cli/reviewflow.ts", "demo", ...process.argv.slice(2)], nodeEnvironment(node));
