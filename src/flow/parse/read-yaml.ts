import { type Document, parseDocument, type Tags } from "yaml";

/** A float with an exponent as PyYAML knows it: with a point and a signed exponent. */
const PYTHON_EXPONENT = /^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)[eE][-+][0-9]+$/;

/**
 * The plain scalars that are numbers to PyYAML and to YAML 1.2 alike. Exports are written by PyYAML, which
 * leaves texts such as `7e12345` (the beginning of a commit's hash) or `0o17` without quotes.
 */
const pythonTags = (tags: Tags): Tags =>
  tags.flatMap((tag): Tags => {
    if (typeof tag === "string" || tag.collection !== undefined) return [tag];
    if (tag.format === "OCT") return [];
    return tag.format === "EXP" ? [{ ...tag, test: PYTHON_EXPONENT }] : [tag];
  });

/** Parses the YAML of an export, which is 1.1 by PyYAML; what differs from 1.2 is quoted in it, or read as there. */
export const readYamlDocument = (text: string): Document.Parsed =>
  // Warnings would go to the process's standard error, past the log.
  parseDocument(text, { logLevel: "error", customTags: pythonTags });
