import { styleText } from "node:util";
import { pino } from "pino";
import { z } from "zod";
import type { Logger } from "../base/logger.ts";
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

/**
 * The program's logger: one line of JSON an event, to standard output, or one for people at a terminal. Secrets are masked by their type
 * wherever they stand in the fields; the names below are a second net for values from outside.
 */
export const createLogger = (
  level: "debug" | "info" | "warn" | "error" | "silent",
  isTerminal: boolean,
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
  if (!isTerminal) return pino(options);
  return pino(options, { write: (json: string) => void process.stdout.write(renderLine(json)) });
};
