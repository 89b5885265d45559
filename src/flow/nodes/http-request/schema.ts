import { z } from "zod";
import { SelectorPath } from "../selector-path.ts";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"] as const;

const BodyItem = z.object({
  key: z
    .string()
    .nullish()
    .transform((key) => key ?? ""),
  type: z.enum(["file", "text"]).catch("text"),
  value: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  file: SelectorPath.nullish(),
});
export type BodyItem = z.infer<typeof BodyItem>;

const lines = (text: string | null | undefined): string => text ?? "";

/** Old files hold the body as one text, newer ones as a list of items. */
const BodyData = z.union([z.string(), z.array(BodyItem)]).nullish();

const Seconds = z.number().nonnegative().nullish();

/** Data of an http-request node (Dify's node documentation, "HTTP Request"). */
export const HttpRequestData = z.object({
  method: z
    .string()
    .transform((method) => method.toLowerCase())
    .pipe(z.enum(METHODS)),
  url: z.string(),
  headers: z.string().nullish().transform(lines),
  params: z.string().nullish().transform(lines),
  authorization: z
    .object({
      type: z.enum(["no-auth", "api-key"]),
      config: z
        .object({
          type: z.enum(["basic", "bearer", "custom"]),
          api_key: z.string().nullish().transform(lines),
          header: z.string().nullish().transform(lines),
        })
        .nullish(),
    })
    .nullish(),
  body: z
    .object({
      type: z.enum(["none", "form-data", "x-www-form-urlencoded", "raw-text", "json", "binary"]),
      data: BodyData,
    })
    .nullish(),
  timeout: z.object({ connect: Seconds, read: Seconds, write: Seconds }).nullish(),
  ssl_verify: z.boolean().nullish(),
  error_strategy: z.string().nullish(),
  retry_config: z.object({ retry_enabled: z.boolean().nullish() }).nullish(),
});
export type HttpRequestData = z.infer<typeof HttpRequestData>;
export type HttpBody = NonNullable<HttpRequestData["body"]>;

/** The items of a body. The old form, one text, is the value of the only item, which has no name. */
export const bodyItems = ({ data }: HttpBody): readonly BodyItem[] => {
  if (data === null || data === undefined || data === "") return [];
  if (typeof data !== "string") return data;
  return [{ key: "", type: "text", value: data, file: undefined }];
};
