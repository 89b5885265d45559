import { createHash } from "node:crypto";
import { z } from "zod";
import type { Refusal } from "./chat-request.ts";

const EmbeddingRequest = z.strictObject({
  model: z.string().min(1),
  input: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(2048)]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).max(3072).nullish(),
  user: z.string().optional(),
});
/** The body of `POST /v1/embeddings`. */
export type EmbeddingRequest = z.infer<typeof EmbeddingRequest>;

/** Checks the body of an embedding request. */
export const readEmbeddingRequest = (
  body: unknown,
):
  | { readonly ok: true; readonly request: EmbeddingRequest }
  | { readonly ok: false; readonly refusal: Refusal } => {
  const parsed = EmbeddingRequest.safeParse(body);
  if (parsed.success) return { ok: true, request: parsed.data };
  const issue = parsed.error.issues[0];
  const param = issue?.path.map(String).join(".") ?? null;
  return {
    ok: false,
    refusal: { status: 400, message: `Invalid '${param}': ${issue?.message ?? ""}`, param, code: null },
  };
};

const features = (text: string): readonly string[] => {
  const normal = text.normalize("NFKC").toLowerCase();
  const words = normal.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.flatMap((word) => {
    const marks = Array.from(`^${word}$`);
    return [word, ...marks.slice(0, -1).map((mark, index) => mark + (marks[index + 1] ?? ""))];
  });
};

/**
 * A vector that depends on nothing but the text: words and pairs of characters hashed into
 * `dimensions` numbers, length 1. Texts that share words lie near each other.
 */
export const hashVector = (text: string, dimensions: number): readonly number[] => {
  const sums = Array.from({ length: dimensions }, () => 0);
  for (const feature of features(text)) {
    const hash = createHash("sha256").update(feature).digest();
    const slot = hash.readUInt32BE(0) % dimensions;
    sums[slot] = (sums[slot] ?? 0) + (hash.readUInt8(4) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...sums);
  return length === 0 ? sums.map((_, index) => (index === 0 ? 1 : 0)) : sums.map((sum) => sum / length);
};
