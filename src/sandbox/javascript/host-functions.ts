import { createHash, createHmac, getHashes, randomBytes } from "node:crypto";
import { domainToASCII, domainToUnicode, parse, resolve } from "node:url";
import { z } from "zod";
import { parseJson } from "../../base/json.ts";

/**
 * What JavaScript code nodes reach of Node beside QuickJS. Only texts and bytes cross, each a copy: no function and
 * no object of the host is ever handed in, and each function is a calculation on its arguments, without state
 * that another call sees, in time that grows with the length of the arguments alone.
 */
export type HostArgument = string | Uint8Array;

/** The code asked for something that Node would refuse, too; the message goes to the code. */
class Refusal extends Error {
  /** Name of the error's constructor in the sandbox. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Longest text and most bytes that one call may hand over. */
const MAX_ARGUMENT = 16 * 1024 * 1024;
/** Longest text that is cut into segments or formatted. */
const MAX_INTL_TEXT = 1024 * 1024;
/** Most digits of a number that is formatted: formatting takes more than linear time. */
const MAX_DIGITS = 2000;
const MAX_RANDOM_BYTES = 65_536;
/** Formatters kept for the next call with the same locale and options. */
const MAX_FORMATTERS = 64;

const text = (value: HostArgument | undefined): string => {
  if (typeof value !== "string") throw new Refusal("TypeError", "a text was expected");
  return value;
};

const bytes = (value: HostArgument | undefined): Uint8Array => {
  if (typeof value === "string" || value === undefined) throw new Refusal("TypeError", "bytes were expected");
  return value;
};

/** What each class of `Intl` does for the code; other names are refused. */
const INTL_METHODS: Readonly<Record<string, readonly string[]>> = {
  Collator: ["compare", "resolvedOptions"],
  DateTimeFormat: ["format", "formatToParts", "formatRange", "formatRangeToParts", "resolvedOptions"],
  DisplayNames: ["of", "resolvedOptions"],
  DurationFormat: ["format", "formatToParts", "resolvedOptions"],
  ListFormat: ["format", "formatToParts", "resolvedOptions"],
  NumberFormat: ["format", "formatToParts", "formatRange", "formatRangeToParts", "resolvedOptions"],
  PluralRules: ["select", "selectRange", "resolvedOptions"],
  RelativeTimeFormat: ["format", "formatToParts", "resolvedOptions"],
  Segmenter: ["segment", "resolvedOptions"],
};

const Locales = z.union([z.string(), z.array(z.string()).max(100)]);
const Options = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** A value as the sandbox writes it: numbers that JSON does not know and large integers as texts. */
const Value: z.ZodType = z.union([
  z.null().transform(() => undefined),
  z.boolean(),
  z.number(),
  z.string().max(MAX_INTL_TEXT),
  z.object({ number: z.string().max(40) }).transform(({ number }) => Number(number)),
  z.object({ bigint: z.string().max(MAX_DIGITS) }).transform(({ bigint }) => BigInt(bigint)),
  z.object({ list: z.array(z.string().max(MAX_INTL_TEXT)).max(100_000) }).transform(({ list }) => list),
  z.object({ record: z.record(z.string(), z.number()) }).transform(({ record }) => record),
]);

const IntlCall = z.object({
  kind: z.string(),
  locales: Locales,
  options: Options,
  method: z.string(),
  values: z.array(Value).max(3),
});

const read = <T>(schema: z.ZodType<T>, value: HostArgument | undefined): T => {
  const parsed = schema.safeParse(parseJson(text(value)));
  if (parsed.success) return parsed.data;
  throw new Refusal("RangeError", "an argument is too long, or of a kind that code nodes do not have");
};

const formatters = new Map<string, object>();

const formatterOf = (kind: string, locales: z.infer<typeof Locales>, options: object): object => {
  const key = JSON.stringify([kind, locales, options]);
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const constructor: unknown = Reflect.get(Intl, kind);
  if (typeof constructor !== "function") throw new Refusal("TypeError", `Intl.${kind} is not available`);
  const made: unknown = Reflect.construct(constructor, [locales, options]);
  if (typeof made !== "object" || made === null)
    throw new Refusal("TypeError", `Intl.${kind} is not available`);
  const [oldest] = formatters.keys();
  if (formatters.size >= MAX_FORMATTERS && oldest !== undefined) formatters.delete(oldest);
  formatters.set(key, made);
  return made;
};

const invoke = (target: object, method: string, values: readonly unknown[]): unknown => {
  const found: unknown = Reflect.get(target, method);
  if (typeof found !== "function") throw new Refusal("TypeError", `${method} is not available`);
  return Reflect.apply(found, target, values);
};

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.iterator in value;

const callIntl = (argument: HostArgument | undefined): string => {
  const { kind, locales, options, method, values } = read(IntlCall, argument);
  const allowed = Object.hasOwn(INTL_METHODS, kind) ? (INTL_METHODS[kind] ?? []) : [];
  if (!allowed.includes(method)) throw new Refusal("TypeError", `Intl.${kind} has no ${method}`);
  const result = invoke(formatterOf(kind, locales, options), method, values);
  const plain =
    method === "segment" && isIterable(result)
      ? Array.from(result, (part) => Object.assign({}, part, { input: undefined }))
      : result;
  return JSON.stringify([plain]);
};

const LocaleCall = z.object({
  value: Value,
  method: z.enum(["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]),
  isDate: z.boolean(),
  locales: Locales,
  options: Options,
});

const callToLocale = (argument: HostArgument | undefined): string => {
  const { value, method, isDate, locales, options } = read(LocaleCall, argument);
  const target: unknown = isDate ? new Date(Number(value)) : Object(value);
  if (typeof target !== "object" || target === null) throw new Refusal("TypeError", "no value to format");
  return String(invoke(target, method, [locales, options]));
};

const LocaleList = z.object({ locales: Locales, kind: z.string() });

const supportedLocales = (argument: HostArgument | undefined): string => {
  const { kind, locales } = read(LocaleList, argument);
  const constructor: unknown = Object.hasOwn(INTL_METHODS, kind) ? Reflect.get(Intl, kind) : Intl.Collator;
  if (typeof constructor !== "function") throw new Refusal("TypeError", `Intl.${kind} is not available`);
  return JSON.stringify(invoke(constructor, "supportedLocalesOf", [locales]));
};

const LocaleParts = z.object({
  tag: z.string().max(1000),
  options: Options,
  change: z.enum(["", "maximize", "minimize"]),
});

const describeLocale = (argument: HostArgument | undefined): string => {
  const { tag, options, change } = read(LocaleParts, argument);
  const locale = new Intl.Locale(tag, options);
  const changed = change === "" ? locale : change === "maximize" ? locale.maximize() : locale.minimize();
  const {
    baseName,
    language,
    script,
    region,
    calendar,
    collation,
    caseFirst,
    hourCycle,
    numberingSystem,
    numeric,
  } = changed;
  return JSON.stringify({
    tag: changed.toString(),
    baseName,
    language,
    script,
    region,
    calendar,
    collation,
    caseFirst,
    hourCycle,
    numberingSystem,
    numeric,
  });
};

const VALUES = ["calendar", "collation", "currency", "numberingSystem", "timeZone", "unit"] as const;

const compare = ([left, right, locales, options]: readonly HostArgument[]): string =>
  String(
    invoke(formatterOf("Collator", read(Locales, locales), read(Options, options)), "compare", [
      text(left),
      text(right),
    ]),
  );

const digest = (algorithm: HostArgument | undefined, use: (name: string) => Buffer): string => {
  const name = text(algorithm);
  if (!getHashes().some((known) => known.toLowerCase() === name.toLowerCase()))
    throw new Refusal("Error", `Digest method not supported: ${name}`);
  return use(name).toString("hex");
};

const randomHex = (count: HostArgument | undefined): string => {
  const wanted = Number(text(count));
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > MAX_RANDOM_BYTES)
    throw new Refusal("RangeError", `at most ${MAX_RANDOM_BYTES} random bytes at once`);
  return randomBytes(wanted).toString("hex");
};

const DecoderOptions = z.object({ label: z.string(), fatal: z.boolean(), ignoreBOM: z.boolean() });

const decode = (argument: HostArgument | undefined, content: HostArgument | undefined): string => {
  const { label, fatal, ignoreBOM } = read(DecoderOptions, argument);
  return new TextDecoder(label, { fatal, ignoreBOM }).decode(bytes(content));
};

const encodingOf = (argument: HostArgument | undefined): string => {
  const { label, fatal, ignoreBOM } = read(DecoderOptions, argument);
  return new TextDecoder(label, { fatal, ignoreBOM }).encoding;
};

/** Node's reading of an address by its old rules (`url.parse`), as JSON of texts. */
const parseAddress = (address: HostArgument | undefined): string => {
  // oxlint-disable-next-line typescript/no-deprecated -- the code asked for exactly this
  const { protocol, slashes, auth, host, port, hostname, hash, search, query, pathname, path, href } = parse(
    text(address),
  );
  return JSON.stringify({
    protocol,
    slashes,
    auth,
    host,
    port,
    hostname,
    hash,
    search,
    query,
    pathname,
    path,
    href,
  });
};

const FUNCTIONS: Readonly<Record<string, (args: readonly HostArgument[]) => string>> = {
  intl: ([call]) => callIntl(call),
  toLocale: ([call]) => callToLocale(call),
  supportedLocales: ([call]) => supportedLocales(call),
  canonicalLocales: ([locales]) => JSON.stringify(Intl.getCanonicalLocales(read(Locales, locales))),
  supportedValues: ([key]) => {
    const found = VALUES.find((name) => name === text(key));
    if (found === undefined) throw new Refusal("RangeError", `Invalid key : ${text(key)}`);
    return JSON.stringify(Intl.supportedValuesOf(found));
  },
  locale: ([call]) => describeLocale(call),
  compare,
  upper: ([value, locales]) => text(value).toLocaleUpperCase(read(Locales, locales)),
  lower: ([value, locales]) => text(value).toLocaleLowerCase(read(Locales, locales)),
  hash: ([algorithm, data]) => digest(algorithm, (name) => createHash(name).update(bytes(data)).digest()),
  hmac: ([algorithm, key, data]) =>
    digest(algorithm, (name) => createHmac(name, bytes(key)).update(bytes(data)).digest()),
  hashes: () => JSON.stringify(getHashes()),
  random: ([count]) => randomHex(count),
  decode: ([options, content]) => decode(options, content),
  encoding: ([options]) => encodingOf(options),
  parseAddress: ([address]) => parseAddress(address),
  // oxlint-disable-next-line typescript/no-deprecated -- the code asked for exactly this
  resolveAddress: ([from, to]) => resolve(text(from), text(to)),
  domainToAscii: ([domain]) => domainToASCII(text(domain)),
  domainToUnicode: ([domain]) => domainToUnicode(text(domain)),
};

const describeFailure = (error: unknown): string => {
  if (error instanceof Refusal) return `!${error.kind}\n${error.message}`;
  if (error instanceof RangeError) return `!RangeError\n${error.message}`;
  if (error instanceof TypeError) return `!TypeError\n${error.message}`;
  return `!Error\n${error instanceof Error ? error.message : "the host refused the call"}`;
};

/**
 * Runs a function of the host for the code in the sandbox. Never throws: gives "=" and the result, or "!", the
 * name of an error's constructor, a newline and its message. No stack of the host is in it.
 */
export const callHost = (name: string, args: readonly HostArgument[]): string => {
  try {
    const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (found === undefined) throw new Refusal("TypeError", `the host has no ${name}`);
    if (args.some(({ length }) => length > MAX_ARGUMENT))
      throw new Refusal("RangeError", `an argument is longer than ${MAX_ARGUMENT}`);
    return `=${found(args)}`;
  } catch (error) {
    return describeFailure(error);
  }
};
