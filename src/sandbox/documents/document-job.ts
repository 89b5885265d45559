import type { DocumentFormat } from "../../flow/ports.ts";

/** What the host asks of a document worker. */
export type DocumentJob = { readonly format: DocumentFormat; readonly bytes: Uint8Array };

/** What of a document may be too much. */
export const AMOUNTS = ["bytes", "unpacked", "parts", "pages", "cells", "characters", "memory"] as const;
export type Amount = (typeof AMOUNTS)[number];

/** Why a document gives no text. */
export type DocumentProblem =
  | { readonly kind: "broken" | "encrypted" | "compound-file" }
  | { readonly kind: "too-large"; readonly amount: Amount; readonly most: number };

/** What a document worker answers. */
export type DocumentAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: DocumentProblem };

/** A document cannot be read. */
export class UnreadableDocument extends Error {
  override readonly name = "UnreadableDocument";
  readonly problem: DocumentProblem;

  constructor(problem: DocumentProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** A document has too much of something. */
export const tooLarge = (amount: Amount, most: number): UnreadableDocument =>
  new UnreadableDocument({ kind: "too-large", amount, most });

/** The pages of a PDF, the slides of a presentation and the sheets of a workbook that are read at most. */
export const MAX_PAGES = 2_000;

/** The longest text that a document gives, in UTF-16 units. */
export const MAX_CHARACTERS = 10_000_000;
