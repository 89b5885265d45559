import { pino } from "pino";
import type { Logger } from "../base/logger.ts";

/**
 * The program's logger: one line of JSON an event, to standard output. Secrets are masked by their type
 * wherever they stand in the fields; the names below are a second net for values from outside.
 */
export const createLogger = (level: "debug" | "info" | "warn" | "error" | "silent"): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        "token",
        "apiKey",
        "secret",
        "password",
        "authorization",
        "*.token",
        "*.apiKey",
        "*.secret",
        "*.password",
        "*.authorization",
      ],
      censor: "[secret]",
    },
  });
