import ipaddr from "ipaddr.js";
import { z } from "zod";
import { issueOf, problemCode, refuse } from "../base/data-problems.ts";
import { parseDuration } from "../base/durations.ts";
import { Secret } from "../base/secret.ts";
import { message } from "../messages/message.ts";

/**
 * The kinds of values that the configuration file is made of, each with its own message for a mistake, and
 * with the words for its kind (`takes`), which the reference of all settings prints.
 */

const toMilliseconds = (text: string, context: z.RefinementCtx): number =>
  parseDuration(text) ?? refuse(context, message("config.not-a-duration", { text, example: "30s, 5m, 2h" }));

/** A duration with its unit, in milliseconds once it is read. */
export const duration = (fallback: string) =>
  z.string().meta({ takes: "duration" }).default(fallback).transform(toMilliseconds);

/** A duration that need not be given. */
export const optionalDuration = z.string().meta({ takes: "duration" }).transform(toMilliseconds).optional();

/** A whole number between two others, also written as a text. */
export const count = (least: number, most: number, fallback: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback);

/** A secret, which nothing prints from here on. */
export const secretText = z
  .string()
  .trim()
  .min(1)
  .meta({ takes: "secret" })
  .transform((text) => new Secret(text));

/** 32 bytes. Decoding alone would stop in silence at what is no base64, such as a comma before a second key. */
const KEY_TEXT = /^[A-Za-z0-9+/_-]{43}=?$/;

/** A key to encrypt with. */
export const encryptionKey = secretText.refine(
  (key) => KEY_TEXT.test(key.reveal()),
  issueOf(message("config.not-a-key", { command: "openssl rand -base64 32" })),
);

const readAddress =
  (mayHaveQuery: boolean) =>
  (text: string, context: z.RefinementCtx): string => {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
      return refuse(context, message("config.not-an-address", { example: "https://gitlab.example.com" }));
    const hasQuery = url.search !== "" && !mayHaveQuery;
    if (url.username !== "" || url.password !== "" || hasQuery || url.hash !== "")
      return refuse(context, message("config.address-with-more", { query: String(mayHaveQuery) }));
    return `${url.origin}${url.pathname.replace(/\/+$/, "")}${url.search}`;
  };

/** An http or https address, without its trailing slashes. Names and passwords in it are refused. */
export const address = z.string().meta({ takes: "address" }).transform(readAddress(false));

/** As `address`, with a query that goes to every call (Azure's `?api-version=`). */
export const addressWithQuery = z.string().meta({ takes: "address" }).transform(readAddress(true));

/** A whole number between two others that need not be given, also written as a text. */
export const optionalCount = (least: number, most: number) =>
  z.coerce.number().int().min(least).max(most).optional();

/** Globs over the paths of projects. */
export const globs = z
  .array(z.string().min(1).meta({ takes: "glob" }))
  .min(1, problemCode("config.no-project"));

/** An address, or a network as 10.0.0.0/8. */
export const network = z
  .string()
  .trim()
  .meta({ takes: "network" })
  .refine(
    (text) =>
      text.includes("/")
        ? ipaddr.isValidCIDR(text)
        : text.includes(":")
          ? ipaddr.IPv6.isValid(text)
          : ipaddr.IPv4.isValidFourPartDecimal(text),
    issueOf(message("config.not-a-network", { example: "10.0.0.7, 172.16.0.0/12" })),
  );
