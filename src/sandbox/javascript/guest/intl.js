// Intl and what formats by locale. The host formats; here are the classes and the reading of their arguments.
({ define, call }) => {
  const DEFAULT_LOCALE = "en-US";
  const localesOf = (locales) => {
    if (locales === undefined) return DEFAULT_LOCALE;
    if (typeof locales === "string") return locales;
    if (locales === null || typeof locales !== "object")
      throw new TypeError("Incorrect locale information provided");
    const list = Symbol.iterator in locales ? [...locales] : [locales];
    if (list.length === 0) return DEFAULT_LOCALE;
    return list.map((locale) => {
      if (typeof locale !== "string" && !(locale instanceof Locale))
        throw new TypeError("Language ID should be string or object.");
      return String(locale);
    });
  };
  const optionsOf = (options) => {
    const read = {};
    if (options === undefined) return read;
    if (options === null) throw new TypeError("Cannot convert undefined or null to object");
    for (const key in options) {
      const value = options[key];
      if (value === undefined) continue;
      read[key] = typeof value === "number" || typeof value === "boolean" ? value : String(value);
    }
    return read;
  };
  /** Times are in UTC unless a zone is named, as in Dify's sandbox. */
  const dateOptionsOf = (options) => ({ timeZone: "UTC", ...optionsOf(options) });
  const numberValue = (value) => {
    if (typeof value === "bigint") return { bigint: `${value}` };
    if (typeof value === "string") return value;
    const number = Number(value);
    return Number.isFinite(number) && !Object.is(number, -0)
      ? number
      : { number: Object.is(number, -0) ? "-0" : `${number}` };
  };
  const dateValue = (value) => numberValue(value === undefined ? Date.now() : Number(value));
  const toLocale = (value, method, isDate, locales, options) =>
    call("toLocale", JSON.stringify({ value, method, isDate, locales: localesOf(locales), options }));

  const states = new WeakMap();
  const stateOf = (formatter, kind) => {
    const state = states.get(formatter);
    if (state?.kind !== kind) throw new TypeError(`Method called on incompatible receiver: no Intl.${kind}`);
    return state;
  };
  const ask = ({ kind, locales, options }, method, values) => {
    const [result] = JSON.parse(call("intl", JSON.stringify({ kind, locales, options, method, values })));
    return result ?? undefined;
  };
  const list = (values) => {
    const texts = values === undefined ? [] : [...values];
    if (texts.some((item) => typeof item !== "string"))
      throw new TypeError("Iterable yielded a value which is not a string");
    return { list: texts };
  };
  const same = (value) => String(value);
  const pair = (read) => (from, to) => {
    if (from === undefined || to === undefined)
      throw new TypeError("startRange or endRange cannot be undefined");
    return [read(from), read(to)];
  };
  const one = (read) => (value) => [read(value)];
  const duration = (value) => {
    if (value === null || typeof value !== "object") throw new TypeError("a duration must be an object");
    return [
      { record: Object.fromEntries(Object.entries(value).map(([unit, amount]) => [unit, Number(amount)])) },
    ];
  };
  const relative = (value, unit) => [numberValue(Number(value)), String(unit)];
  // How each method reads its arguments; `getters` are functions that are bound to their formatter.
  const kinds = {
    Collator: { options: optionsOf, getters: { compare: (a, b) => [same(a), same(b)] }, methods: {} },
    DateTimeFormat: {
      options: dateOptionsOf,
      getters: { format: one(dateValue) },
      methods: {
        formatToParts: one(dateValue),
        formatRange: pair(dateValue),
        formatRangeToParts: pair(dateValue),
      },
    },
    NumberFormat: {
      options: optionsOf,
      getters: { format: one(numberValue) },
      methods: {
        formatToParts: one(numberValue),
        formatRange: pair(numberValue),
        formatRangeToParts: pair(numberValue),
      },
    },
    PluralRules: {
      options: optionsOf,
      getters: {},
      methods: {
        select: one((value) => numberValue(Number(value))),
        selectRange: pair((value) => numberValue(Number(value))),
      },
    },
    RelativeTimeFormat: {
      options: optionsOf,
      getters: {},
      methods: { format: relative, formatToParts: relative },
    },
    ListFormat: { options: optionsOf, getters: {}, methods: { format: one(list), formatToParts: one(list) } },
    DisplayNames: { options: optionsOf, getters: {}, methods: { of: one(same) } },
    DurationFormat: {
      options: optionsOf,
      getters: {},
      methods: { format: duration, formatToParts: duration },
    },
    Segmenter: { options: optionsOf, getters: {}, methods: { segment: one(same) } },
  };
  const withDates = (kind, method, result, values) => {
    if (kind !== "Segmenter" || method !== "segment") return result;
    const segments = result.map((part) => ({ ...part, input: values[0] }));
    return {
      [Symbol.iterator]: () => segments[Symbol.iterator](),
      containing: (at = 0) =>
        segments.findLast(({ index, segment }) => index <= at && at < index + segment.length),
    };
  };
  const Intl = {};
  const hidden = (target, name, value) =>
    Object.defineProperty(target, name, { value, writable: true, configurable: true });
  for (const [kind, { options: readOptions, getters, methods }] of Object.entries(kinds)) {
    const make = function (locales, options) {
      if (new.target === undefined && ["Collator", "DateTimeFormat", "NumberFormat"].includes(kind))
        return new make(locales, options);
      if (new.target === undefined) throw new TypeError(`Constructor Intl.${kind} requires 'new'`);
      const state = { kind, locales: localesOf(locales), options: readOptions(options) };
      states.set(this, state);
      ask(state, "resolvedOptions", []);
    };
    Object.defineProperty(make, "name", { value: kind });
    for (const [name, read] of Object.entries(methods))
      hidden(make.prototype, name, function (...args) {
        const state = stateOf(this, kind);
        const values = read(...args);
        return withDates(kind, name, ask(state, name, values), values);
      });
    for (const [name, read] of Object.entries(getters))
      Object.defineProperty(make.prototype, name, {
        configurable: true,
        get() {
          const state = stateOf(this, kind);
          return (...args) => ask(state, name, read(...args));
        },
      });
    hidden(make.prototype, "resolvedOptions", function () {
      return ask(stateOf(this, kind), "resolvedOptions", []);
    });
    Object.defineProperty(make.prototype, Symbol.toStringTag, { value: `Intl.${kind}`, configurable: true });
    hidden(make, "supportedLocalesOf", (locales) =>
      locales === undefined
        ? []
        : JSON.parse(call("supportedLocales", JSON.stringify({ kind, locales: localesOf(locales) }))),
    );
    hidden(Intl, kind, make);
  }
  class Locale {
    #parts;
    #tag;
    #options;
    constructor(tag, options) {
      if (typeof tag !== "string" && !(tag instanceof Locale))
        throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
      this.#tag = String(tag);
      this.#options = optionsOf(options);
      this.#parts = this.#describe("");
      for (const name of Object.keys(this.#parts))
        if (name !== "tag")
          Object.defineProperty(this, name, { value: this.#parts[name], enumerable: false });
    }
    #describe(change) {
      return JSON.parse(call("locale", JSON.stringify({ tag: this.#tag, options: this.#options, change })));
    }
    maximize() {
      return new Locale(this.#describe("maximize").tag);
    }
    minimize() {
      return new Locale(this.#describe("minimize").tag);
    }
    toString() {
      return this.#parts.tag;
    }
    get [Symbol.toStringTag]() {
      return "Intl.Locale";
    }
  }
  hidden(Intl, "Locale", Locale);
  hidden(Intl, "getCanonicalLocales", (locales) =>
    locales === undefined ? [] : JSON.parse(call("canonicalLocales", JSON.stringify(localesOf(locales)))),
  );
  hidden(Intl, "supportedValuesOf", (key) => JSON.parse(call("supportedValues", String(key))));
  Object.defineProperty(Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
  define("Intl", Intl);

  for (const method of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"])
    hidden(Date.prototype, method, function (locales, options) {
      const time = Date.prototype.getTime.call(this);
      if (Number.isNaN(time)) return "Invalid Date";
      return toLocale(numberValue(time), method, true, locales, dateOptionsOf(options));
    });
  for (const Kind of [Number, BigInt])
    hidden(Kind.prototype, "toLocaleString", function (locales, options) {
      return toLocale(
        numberValue(Kind.prototype.valueOf.call(this)),
        "toLocaleString",
        false,
        locales,
        optionsOf(options),
      );
    });
  const joinLocale = function (locales, options) {
    return Array.prototype.map
      .call(this, (item) =>
        item === undefined || item === null ? "" : String(item.toLocaleString(locales, options)),
      )
      .join(",");
  };
  hidden(Array.prototype, "toLocaleString", joinLocale);
  hidden(Object.getPrototypeOf(Uint8Array.prototype), "toLocaleString", function (locales, options) {
    return joinLocale.call(Array.from(this), locales, options);
  });
  const defaultLocales = JSON.stringify(DEFAULT_LOCALE);
  hidden(String.prototype, "localeCompare", function (other, locales, options) {
    if (locales === undefined && options === undefined)
      return Number(call("compare", String(this), String(other), defaultLocales, "{}"));
    return Number(
      call(
        "compare",
        String(this),
        String(other),
        JSON.stringify(localesOf(locales)),
        JSON.stringify(optionsOf(options)),
      ),
    );
  });
  for (const [name, change, plain] of [
    ["toLocaleUpperCase", "upper", String.prototype.toUpperCase],
    ["toLocaleLowerCase", "lower", String.prototype.toLowerCase],
  ])
    hidden(String.prototype, name, function (locales) {
      return locales === undefined
        ? plain.call(this)
        : call(change, String(this), JSON.stringify(localesOf(locales)));
    });

  const zone = " (Coordinated Universal Time)";
  for (const name of ["toString", "toTimeString"]) {
    const plain = Date.prototype[name];
    hidden(Date.prototype, name, function () {
      const text = plain.call(this);
      return text.endsWith("GMT+0000") ? text + zone : text;
    });
  }
  // Narrow spaces stand before AM and PM in what some locales print; Node reads them as spaces.
  const PlainDate = Date;
  const plainSpaces = (value) => (typeof value === "string" ? value.replace(/[\u202f\u00a0]/g, " ") : value);
  const parse = PlainDate.parse;
  hidden(PlainDate, "parse", (text) => parse(plainSpaces(String(text))));
  define(
    "Date",
    new Proxy(PlainDate, {
      construct: (target, args, newTarget) =>
        Reflect.construct(target, args.length === 1 ? [plainSpaces(args[0])] : args, newTarget),
    }),
  );
  hidden(PlainDate.prototype, "constructor", globalThis.Date);
};
