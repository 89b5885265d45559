import assert from "node:assert/strict";

/** One time series with its present value. */
export type Sample = {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
};

/** A metric with all its series. */
export type Family = {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
};

type OpenFamily = { name: string; type: string | null; help: string | null; samples: Sample[] };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const VALUE = /^([+-]?\d+(\.\d+)?([eE][+-]?\d+)?|[+-]?Inf|NaN)$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

const toNumber = (text: string): number => {
  assert.match(text, VALUE);
  return Number(text.replace("Inf", "Infinity"));
};

/** Reads `a="b",c="d"}` up to its brace; what follows is the rest. */
const readLabels = (text: string): { readonly labels: Map<string, string>; readonly rest: string } => {
  const labels = new Map<string, string>();
  let at = 0;
  while (text[at] !== "}") {
    const equals = text.indexOf('="', at);
    assert.ok(equals > at, `no label at ${text.slice(at)}`);
    const name = text.slice(at, equals);
    assert.match(name, LABEL);
    assert.ok(!labels.has(name), `label twice: ${name}`);
    let value = "";
    at = equals + 2;
    for (; text[at] !== '"'; at += 1) {
      assert.ok(at < text.length, "label without an end");
      if (text[at] !== "\\") {
        value += text[at];
        continue;
      }
      at += 1;
      const escaped = { "\\": "\\", '"': '"', n: "\n" }[text[at] ?? ""];
      value += escaped ?? assert.fail(`unknown escape in ${text}`);
    }
    labels.set(name, value);
    at += 1;
    if (text[at] === ",") at += 1;
    else assert.equal(text[at], "}");
  }
  return { labels, rest: text.slice(at + 1) };
};

const readSample = (line: string): Sample => {
  const [name = ""] = /^[^{ ]+/.exec(line) ?? [];
  assert.match(name, NAME);
  const after = line.slice(name.length);
  const { labels, rest } = after.startsWith("{")
    ? readLabels(after.slice(1))
    : { labels: new Map<string, string>(), rest: after };
  assert.match(rest, /^ \S+$/, line);
  return { name, labels, value: toNumber(rest.slice(1)) };
};

const isOf = (family: OpenFamily, sample: string): boolean =>
  (SUFFIXES[family.type ?? ""] ?? [""]).some((suffix) => sample === family.name + suffix);

/** A series' identity, whatever the order of its labels. */
export const keyOf = ({ name, labels }: Pick<Sample, "name" | "labels">, without?: string): string =>
  `${name}{${[...labels]
    .filter(([label]) => label !== without)
    .map((pair) => JSON.stringify(pair))
    .toSorted()
    .join()}}`;

const checkHistogram = ({ name, samples }: Family): void => {
  const series = new Map<string, Sample[]>();
  for (const sample of samples.filter((one) => one.name === `${name}_bucket`)) {
    const key = keyOf({ ...sample, name }, "le");
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const suffix of ["_sum", "_count"])
    assert.equal(samples.filter((one) => one.name === name + suffix).length, series.size, name + suffix);
  for (const [key, buckets] of series) {
    const bounds = buckets.map(({ labels }) => toNumber(labels.get("le") ?? assert.fail("no le")));
    assert.ok(
      bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0)),
      key,
    );
    assert.equal(bounds.at(-1), Infinity, key);
    const counts = buckets.map(({ value }) => value);
    assert.ok(
      counts.every((count, index) => index === 0 || count >= (counts[index - 1] ?? 0)),
      key,
    );
    const count = samples.find((one) => one.name === `${name}_count` && keyOf({ ...one, name }) === key);
    assert.equal(counts.at(-1), count?.value, key);
  }
};

const close = ({ name, type, help, samples }: OpenFamily): Family => {
  const family = { name, type: type ?? "untyped", help: help ?? "", samples };
  if (type === "histogram") checkHistogram(family);
  if (type === "counter") {
    assert.match(name, /_total$/, "a counter ends in _total");
    assert.ok(
      samples.every(({ value }) => value >= 0),
      name,
    );
  }
  return family;
};

/**
 * Reads Prometheus' text format 0.0.4 and takes nothing that is not in it: every metric in one piece, its
 * help and type once and before its series, no series twice, histograms cumulative and complete.
 */
export const parsePrometheus = (text: string): ReadonlyMap<string, Family> => {
  assert.ok(text.endsWith("\n"), "the last line ends with a line feed");
  const families = new Map<string, OpenFamily>();
  const seen = new Set<string>();
  let current: OpenFamily | null = null;
  const open = (name: string): OpenFamily => {
    if (current?.name === name) return current;
    assert.match(name, NAME);
    assert.ok(!families.has(name), `${name} is in two pieces`);
    current = { name, type: null, help: null, samples: [] };
    families.set(name, current);
    return current;
  };
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      const family = open(name);
      const field = keyword === "HELP" ? "help" : "type";
      assert.equal(family[field], null, `${keyword} of ${name} twice`);
      assert.equal(family.samples.length, 0, `${keyword} of ${name} after its series`);
      if (field === "type") assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/);
      family[field] = rest;
      continue;
    }
    assert.ok(!line.startsWith("#"), line);
    const sample = readSample(line);
    const family: OpenFamily = current !== null && isOf(current, sample.name) ? current : open(sample.name);
    assert.ok(!seen.has(keyOf(sample)), `twice: ${line}`);
    seen.add(keyOf(sample));
    family.samples.push(sample);
  }
  return new Map([...families].map(([name, family]) => [name, close(family)]));
};

/** The value of a series; fails when there is none. */
export const valueOf = (
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number => {
  const wanted = keyOf({ name, labels: new Map(Object.entries(labels)) });
  const all = [...families.values()].flatMap(({ samples }) => samples);
  const found = all.find((sample) => keyOf(sample) === wanted);
  return found?.value ?? assert.fail(`no series ${wanted}`);
};
