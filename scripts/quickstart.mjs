/** `npm run quickstart`: installs what is missing, then shows a review from webhook to note. */
import { join } from "node:path";
import { bringGit, findNode, handOver, install, root } from "./bootstrap.mjs";

install();
const node = findNode({ bring: true });
// Where it cannot be brought, the demo says so.
bringGit();
handOver(node, [join(root, "src/cli/reviewflow.ts"), "demo", ...process.argv.slice(2)]);
