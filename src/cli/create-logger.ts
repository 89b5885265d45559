import { styleText } from "node:util";
import { pino } from "pino";
import { z } from "zod";
import type { LogFields, Logger } from "../base/logger.ts";
import { maskValues } from "../base/mask-values.ts";
import type { Secret } from "../base/secret.ts";
import { maskSecrets } from "../review/units/mask-secrets.ts";
import { FAILURE_FORMATS } from "../review/units/secret-formats.ts";
import { parseJson } from "../base/json.ts";
import { printable } from "./terminal.ts";

const Line = z.looseObject({ level: z.string(), time: z.string(), msg: z.string() });

const COLOURS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;
const isLevel = (level: string): level is keyof typeof COLOURS => Object.hasOwn(COLOURS, level);

/**
 * A line of the log for people: time of day, level, message, and the fields as `name=value`. In colour where the
 * terminal shows it and NO_COLOR is not set. What is no line of ours stays as it is.
 */
export const renderLine = (json: string): string => {
  const line = Line.safeParse(parseJson(json));
  if (!line.success) return json;
  const { level, time, msg, ...fields } = line.data;
  const shown = level.padEnd(5);
  const texts = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === "string" && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
    return styleText("gray", printable(`${name}=${text}`));
  });
  const parts = [
    styleText("gray", new Date(time).toTimeString().slice(0, 8)),
    isLevel(level) ? styleText(COLOURS[level], shown) : shown,
    printable(msg),
    ...texts,
  ];
  return `${parts.join(" ")}\n`;
};

/** A logger that masks what it is given, and its children. */
const masked = (logger: Logger, mask: (fields: LogFields) => LogFields, isDebugging: boolean): Logger => ({
  // Events of flows are many, and mostly nobody reads them.
  debug: (fields, message) => {
    if (isDebugging) logger.debug(mask(fields), message);
  },
  info: (fields, message) => logger.info(mask(fields), message),
  warn: (fields, message) => logger.warn(mask(fields), message),
  error: (fields, message) => logger.error(mask(fields), message),
  child: (fields) => masked(logger.child(mask(fields)), mask, isDebugging),
});

/** Texts at any depth without the secrets of the settings, and without what looks like one in a failure. */
const maskFields = (secrets: readonly Secret[]): ((fields: LogFields) => LogFields) => {
  const own = maskValues(secrets);
  const mask = (value: unknown): unknown => {
    if (typeof value === "string") return maskSecrets(own(value), FAILURE_FORMATS).text;
    if (Array.isArray(value)) return value.map(mask);
    return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
      ? fieldsOf(value)
      : value;
  };
  const fieldsOf = (fields: object): LogFields =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, mask(value)]));
  return fieldsOf;
};

/**
 * The program's logger: one line of JSON an event, to standard output, or one for people at a terminal. Secrets are masked by their type
 * wherever they stand in the fields; the names below are a second net for values from outside.
 */
export const createLogger = (
  level: "debug" | "info" | "warn" | "error" | "silent",
  isTerminal: boolean,
  secrets: readonly Secret[] = [],
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Logger => {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
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
  };
  const logger = pino(options, { write: (json: string) => write(isTerminal ? renderLine(json) : json) });
  return masked(logger, maskFields(secrets), level === "debug");
};
