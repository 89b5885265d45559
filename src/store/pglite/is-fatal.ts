/** What WebAssembly and Emscripten throw when the program breaks down or ends. */
const PROGRAM_ENDS = new Set(["RuntimeError", "ExitStatus"]);

/**
 * Whether nothing works after this error of PGlite: PostgreSQL calls it a PANIC or FATAL, or its program
 * broke down.
 */
export const isFatal = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  if (PROGRAM_ENDS.has(error.name)) return true;
  return "severity" in error && (error.severity === "PANIC" || error.severity === "FATAL");
};
