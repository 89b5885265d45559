import { z } from "zod";
import { ConfigFile } from "../../src/config/file-schema.ts";
import { renderMessageParameters } from "./message-parameters.ts";
import { renderSettingsPage } from "./settings-page.ts";

/** The files that are made from the schemas and the catalogue, by their path in the repository. */
export const renderGeneratedFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ["docs/settings.md", renderSettingsPage()],
    ["docs/reviewflow.schema.json", renderConfigSchema()],
    ["src/messages/message-parameters.ts", renderMessageParameters()],
  ]);

/** The configuration file's JSON schema, for editors. */
const renderConfigSchema = (): string =>
  `${JSON.stringify(z.toJSONSchema(ConfigFile, { io: "input", unrepresentable: "any" }), null, 2)}\n`;
