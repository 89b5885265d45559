import { FlowError } from "../../base/errors.ts";
import type { Json, JsonObject } from "../../base/json.ts";
import { FILE_IDENTITY, type Variable, variableAs } from "../value-type.ts";
import { flowMessage } from "../messages/message.ts";

const textOf = (value: Json | undefined): string | null =>
  typeof value === "string" && value !== "" ? value : null;

const nameOf = (url: string): string | null => {
  if (url.startsWith("data:")) return null;
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  const last = path.split("/").at(-1) ?? "";
  if (last === "") return null;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
};

const extensionOf = (name: string | null): string | null => {
  const at = name?.lastIndexOf(".") ?? -1;
  return name === null || at <= 0 ? null : name.slice(at);
};

/**
 * A file input as Dify keeps files. Only files at a URL are taken, or in one (`data:`): uploads live in a Dify server's
 * storage, which the engine has not. Throws FlowError (`flow-input-invalid`).
 */
export const fileVariable = (field: string, file: JsonObject): Variable => {
  const url = textOf(file["url"]) ?? textOf(file["remote_url"]);
  if (url === null || !/^(?:https?|data):/.test(url)) {
    throw new FlowError(flowMessage("flow.input.file-not-remote", { input: field }), {
      code: "flow-input-invalid",
      nodeId: null,
    });
  }
  const filename = textOf(file["filename"]) ?? nameOf(url);
  return variableAs("file", {
    dify_model_identity: FILE_IDENTITY,
    id: null,
    type: textOf(file["type"]) ?? "custom",
    transfer_method: "remote_url",
    remote_url: url,
    related_id: null,
    filename,
    // One that is stated to have none has none.
    extension: file["extension"] === undefined ? extensionOf(filename) : textOf(file["extension"]),
    mime_type: textOf(file["mime_type"]),
    size: typeof file["size"] === "number" ? file["size"] : -1,
    url,
  });
};
