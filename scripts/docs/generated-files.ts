import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigFile } from "../../src/config/file-schema.ts";
import { renderFlowMessageParameters, renderMessageParameters } from "./message-parameters.ts";
import { englishOf } from "../../src/flow/messages/message.ts";
import { FAILING_KINDS } from "../../src/flow/nodes/failing/failing-kinds.ts";
import { renderSettingsPage } from "./settings-page.ts";

/** The files that are made from the schemas and the catalogue, by their path in the repository. */
export const renderGeneratedFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ["docs/flows.md", renderFlowsPage()],
    ["docs/settings.md", renderSettingsPage()],
    ["docs/reviewflow.schema.json", renderConfigSchema()],
    ["src/flow/messages/message-parameters.ts", renderFlowMessageParameters()],
    ["src/messages/message-parameters.ts", renderMessageParameters()],
  ]);

/** The page of flows, with the table of the kinds that are not run. */
const renderFlowsPage = (): string => {
  const page = readFileSync(new URL("../../docs/flows.md", import.meta.url), "utf8");
  const rows = FAILING_KINDS.flatMap((kind) => {
    const loaded = kind.load({});
    const failures = "declaration" in loaded ? loaded.declaration.failures : [];
    return failures.map(({ message }) => `| \`${kind.type}\` | ${englishOf(message)}. |`);
  });
  return page.replace(/(?<=\n### Not run\n[^#]*\n\|---\|---\|\n)(?:\|.*\n)*/, `${rows.join("\n")}\n`);
};

/** The configuration file's JSON schema, for editors. */
const renderConfigSchema = (): string =>
  `${JSON.stringify(z.toJSONSchema(ConfigFile, { io: "input", unrepresentable: "any" }), null, 2)}\n`;
