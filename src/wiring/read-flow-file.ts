import { message } from "../messages/message.ts";
import { readFileSync } from "node:fs";
import { ConfigError, describeError, problemAt } from "../base/errors.ts";
import type { FlowFile } from "../config/config.ts";
import type { Flow } from "../flow/flow.ts";
import { describeProblem } from "../flow/parse/flow-file-error.ts";
import { readFlow } from "../flow/parse/parse-flow.ts";

const SHIPPED = new URL("../../flows/", import.meta.url);

/**
 * Reads a workflow file. Throws a ConfigError that names `setting` and every problem of the file, each
 * with its node and field.
 */
export const readFlowFile = (file: FlowFile, setting: string): Flow => {
  const place = file.kind === "builtin" ? new URL(`${file.name}.yml`, SHIPPED) : file.path;
  let text: string;
  try {
    text = readFileSync(place, "utf8");
  } catch (cause) {
    const name = file.kind === "builtin" ? `builtin:${file.name}` : file.path;
    throw new ConfigError(
      [problemAt(setting, message("flow.file-unreadable", { file: name, error: describeError(cause) }))],
      { cause },
    );
  }
  const reading = readFlow(text);
  if (!reading.ok)
    throw new ConfigError(reading.problems.map((one) => problemAt(setting, describeProblem(one))));
  return reading.flow;
};
