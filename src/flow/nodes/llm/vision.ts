import { z } from "zod";
import type { Json } from "../../../base/json.ts";
import type { NodeContext, VariableUse } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import { readPool } from "../../pool.ts";
import type { ModelImage, ModelMessage } from "../../ports.ts";
import { isJsonArray, isJsonObject } from "../../value-type.ts";
import type { Variable } from "../../value-type.ts";
import { fetchFile, FileValue } from "../document-extractor/file-value.ts";
import { SelectorPath, showSelector } from "../selector-path.ts";
import { flowMessage } from "../../messages/message.ts";

/** The switch for images, the variable that holds them and how closely they are looked at. */
export const VisionSettings = z
  .object({
    enabled: z.boolean().nullish(),
    configs: z
      .object({ variable_selector: SelectorPath.nullish(), detail: z.enum(["low", "high"]).nullish() })
      .nullish()
      .catch(null),
  })
  .nullish();
export type VisionSettings = z.infer<typeof VisionSettings>;

const FILES = ["sys", "files"] as const;

const selectorOf = (vision: VisionSettings): readonly string[] | null =>
  vision?.enabled === true ? (vision.configs?.variable_selector ?? FILES) : null;

/** The variable that vision reads. */
export const readsOfVision = (vision: VisionSettings): readonly VariableUse[] => {
  const selector = selectorOf(vision);
  // Nothing is wrong with a flow that is not called with files.
  return selector === null || selector[0] === "sys"
    ? []
    : [{ selector, field: "vision.configs.variable_selector", needed: false }];
};

const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["svg", "image/svg+xml"],
]);

/** The type of an image by what the file says of itself; null for other files, which only some models of Dify take. */
const imageTypeOf = (value: Json): string | null => {
  const parsed = FileValue.safeParse(value);
  if (!parsed.success) return null;
  const { mime_type: stated, extension, filename } = parsed.data;
  const type = (stated ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type.startsWith("image/")) return type;
  const ending = (extension ?? /\.[^.]+$/.exec(filename ?? "")?.[0] ?? "").replace(/^\./, "").toLowerCase();
  return type === "" || type === "application/octet-stream" ? (MEDIA_TYPES.get(ending) ?? null) : null;
};

/** The files of a variable: of one that holds none, an empty list. */
export const filesOf = ({ type, value }: Variable): readonly Json[] => {
  if (type === "file") return [value];
  return type === "array[file]" && isJsonArray(value) ? value.filter(isJsonObject) : [];
};

/**
 * The files that vision is set to show; none while it is off. Throws NodeError (`InvalidVariableTypeError`) where the
 * variable holds something else, as Dify does.
 */
export const visionFiles = (vision: VisionSettings, { pool }: Pick<NodeContext, "pool">): readonly Json[] => {
  const selector = selectorOf(vision);
  const variable = selector === null ? undefined : readPool(pool, selector);
  if (selector === null || variable === undefined) return [];
  if (!["file", "array[file]", "none", "array[any]"].includes(variable.type)) {
    const message = flowMessage("flow.document.not-files", { selector: showSelector(selector) });
    throw new NodeError(message, "InvalidVariableTypeError");
  }
  return filesOf(variable);
};

/** The images among files, fetched. Throws NodeError (`FileDownloadError`) for one that cannot be had. */
export const loadImages = async (
  files: readonly Json[],
  vision: VisionSettings,
  { ports, signal }: Pick<NodeContext, "ports" | "signal">,
): Promise<readonly ModelImage[]> => {
  const images: ModelImage[] = [];
  for (const file of files) {
    const mediaType = imageTypeOf(file);
    if (mediaType === null) continue;
    const fetched = await fetchFile(file, ports.http, signal);
    if (!fetched.ok) throw new NodeError(fetched.message, fetched.errorType);
    const data = Buffer.from(fetched.value.bytes).toString("base64");
    images.push({ mediaType, data, detail: vision?.configs?.detail ?? "high" });
  }
  return images;
};

/** The messages with images in the last one, where it is the user's, else in one more. */
export const withImages = (
  messages: readonly ModelMessage[],
  images: readonly ModelImage[],
): readonly ModelMessage[] => {
  const last = messages.at(-1);
  if (images.length === 0) return messages;
  if (last?.role !== "user") return [...messages, { role: "user", content: "", images }];
  return [...messages.slice(0, -1), { ...last, images: [...images, ...(last.images ?? [])] }];
};
