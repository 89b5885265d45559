// Node's util: inspect and format as Node prints them, comparing, promises.
({ modules }) => {
  const LINE = 80;
  const MAX_ITEMS = 100;
  const isPlainKey = (key) => /^[A-Za-z_$][\w$]*$/.test(key);
  const custom = Symbol.for("nodejs.util.inspect.custom");
  const quote = (text) => {
    const sign = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !/`|\$\{/.test(text) ? "`" : "'";
    const escapes = {
      "\n": "\\n",
      "\t": "\\t",
      "\r": "\\r",
      "\b": "\\b",
      "\f": "\\f",
      "\v": "\\v",
      "\\": "\\\\",
    };
    const body = text.replace(/[\0-\x1f\x7f-\x9f\\]|'/g, (char) => {
      if (char === "'") return sign === "'" ? "\\'" : char;
      return escapes[char] ?? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
    });
    return `${sign}${body}${sign}`;
  };
  const primitiveText = (value) => {
    if (typeof value === "string") return quote(value);
    if (typeof value === "bigint") return `${value}n`;
    return Object.is(value, -0) ? "-0" : String(value);
  };
  const classOf = (value) => {
    for (let proto = value; proto !== null; proto = Object.getPrototypeOf(proto)) {
      const found = Object.getOwnPropertyDescriptor(proto, "constructor");
      if (typeof found?.value === "function" && found.value.name !== "") return found.value.name;
    }
    return null;
  };
  const functionText = (value) => {
    const kind = /^class\b/.test(Function.prototype.toString.call(value))
      ? "class"
      : (classOf(value) ?? "Function");
    const name = value.name === "" ? "(anonymous)" : kind === "class" ? value.name : `: ${value.name}`;
    if (kind !== "class") return `[${kind}${value.name === "" ? " (anonymous)" : name}]`;
    const parent = Object.getPrototypeOf(value);
    return `[class ${name}${parent?.name ? ` extends ${parent.name}` : ""}]`;
  };
  const more = (left) => (left > 0 ? [`... ${left} more item${left > 1 ? "s" : ""}`] : []);

  /** Lists of more than six short items stand in columns, as many as make a block of pleasant shape. */
  const inColumns = (output, hasMore, isNumeric, indent) => {
    const count = output.length - (hasMore ? 1 : 0);
    const lengths = output.slice(0, count).map((text) => text.length);
    const longest = Math.max(...lengths);
    const width = longest + 2;
    const total = lengths.reduce((sum, one) => sum + one + 2, 0);
    if (width * 3 + indent >= LINE || !(total / width > 5 || longest <= 6)) return output;
    const usual = Math.max(width - 3 - Math.sqrt(width - total / output.length), 1);
    const columns = Math.min(
      Math.round(Math.sqrt(2.5 * usual * count) / usual),
      Math.floor((LINE - indent) / width),
      12,
    );
    if (columns <= 1) return output;
    const widths = Array.from({ length: columns }, (_, column) => {
      let most = 0;
      for (let at = column; at < count; at += columns) most = Math.max(most, lengths[at]);
      return most + 2;
    });
    const rows = [];
    for (let at = 0; at < count; at += columns) {
      const cells = output.slice(at, Math.min(at + columns, count));
      const row = cells.map((text, column) => {
        const isLast = column === cells.length - 1;
        if (isLast) return isNumeric ? text.padStart(widths[column] - 2) : text;
        return isNumeric ? `${text}, `.padStart(widths[column]) : `${text}, `.padEnd(widths[column]);
      });
      rows.push(row.join(""));
    }
    return hasMore ? [...rows, output[count]] : rows;
  };

  const inspectWith = (options) => {
    const seen = [];
    let circular = null;
    // The level of the object that was printed last.
    let innermost = 0;
    const print = (value, depth) => {
      if (value === null || (typeof value !== "object" && typeof value !== "function"))
        return primitiveText(value);
      if (typeof value[custom] === "function" && value[custom] !== inspect)
        return String(value[custom](options.depth - depth, options, inspect));
      if (seen.includes(value)) {
        circular = value;
        return "[Circular *1]";
      }
      seen.push(value);
      const text = printObject(value, depth);
      seen.pop();
      if (circular !== value) return text;
      circular = null;
      return `<ref *1> ${text}`;
    };
    const member = (value, key, depth) => {
      const found = Object.getOwnPropertyDescriptor(value, key);
      const name = typeof key === "symbol" ? `[${String(key)}]` : isPlainKey(key) ? key : quote(key);
      if (found.get !== undefined)
        return `${name}: [${found.set === undefined ? "Getter" : "Getter/Setter"}]`;
      if (found.set !== undefined) return `${name}: [Setter]`;
      return `${name}: ${print(found.value, depth + 1)}`;
    };
    const keysOf = (value, isList) =>
      Reflect.ownKeys(value).filter(
        (key) =>
          Object.prototype.propertyIsEnumerable.call(value, key) &&
          !(isList && typeof key === "string" && /^\d+$/.test(key)),
      );
    const itemsOf = (value, depth) => {
      const items = [];
      const most = Math.min(value.length, MAX_ITEMS);
      for (let at = 0; at < most; at += 1) {
        if (at in value) items.push(print(value[at], depth + 1));
        else {
          let gap = at;
          while (gap < value.length && !(gap in value)) gap += 1;
          items.push(`<${gap - at} empty item${gap - at > 1 ? "s" : ""}>`);
          at = gap - 1;
        }
      }
      return [...items, ...more(value.length - most)];
    };
    /** Objects that print as one text, or as a text before their own keys; null for the others. */
    const headText = (value, name, depth) => {
      if (typeof value === "function") return functionText(value);
      if (value instanceof Error) {
        if (depth > 0) return `[${value}]`;
        const stack = value.stack ?? "";
        return (stack.includes(value.message) ? stack : `${value}\n${stack}`).trimEnd();
      }
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
      if (value instanceof RegExp) return String(value);
      if (value instanceof WeakMap || value instanceof WeakSet) return `${name} { <items unknown> }`;
      if (value instanceof URL) return `URL { href: ${quote(value.href)} }`;
      if (value instanceof URLSearchParams) {
        const pairs = [...value].map(([key, item]) => `${quote(key)} => ${quote(item)}`);
        return pairs.length === 0 ? "URLSearchParams {}" : `URLSearchParams { ${pairs.join(", ")} }`;
      }
      if (value instanceof String || value instanceof Number || value instanceof Boolean)
        return `[${name}: ${primitiveText(value.valueOf())}]`;
      return null;
    };
    const bufferText = (value) => {
      const shown = value.subarray(0, 50).toString("hex").match(/../g) ?? [];
      const left = value.length > 50 ? ` ... ${value.length - 50} more bytes` : "";
      return `<Buffer${shown.map((pair) => ` ${pair}`).join("")}${left}>`;
    };
    /** What stands before the braces. */
    const prefixOf = (value, name, isList) => {
      if (isList) return Array.isArray(value) && name === "Array" ? "" : `${name}(${value.length}) `;
      if (value instanceof Map || value instanceof Set) return `${name}(${value.size}) `;
      if (value instanceof Promise) return "Promise ";
      const tag = value[Symbol.toStringTag];
      if (typeof tag === "string" && tag !== "" && tag !== name) return `${name ?? "Object"} [${tag}] `;
      if (name === null) return "[Object: null prototype] ";
      return name === "Object" ? "" : `${name} `;
    };
    const partsOf = (value, isList, depth) => {
      if (isList) return itemsOf(value, depth);
      if (value instanceof Set) return [...value].map((item) => print(item, depth + 1));
      if (!(value instanceof Map)) return [];
      return [...value].map(([key, item]) => `${print(key, depth + 1)} => ${print(item, depth + 1)}`);
    };
    /** Stands on one line when it is short, was not put in columns, and holds at most three levels. */
    const layOut = (prefix, [open, close], output, depth, isGrouped) => {
      const head = prefix + open;
      const length = output.reduce((sum, part) => sum + part.length, 0) + output.length * 2;
      const isShort = length + depth * 2 + head.length + 10 <= LINE;
      if (!isGrouped && isShort && innermost - depth < 3 && output.every((part) => !part.includes("\n")))
        return `${head} ${output.join(", ")} ${close}`;
      const gap = `\n${"  ".repeat(depth + 1)}`;
      return `${head}${gap}${output.join(`,${gap}`)}\n${"  ".repeat(depth)}${close}`;
    };
    const printObject = (value, depth) => {
      if (modules.buffer.Buffer.isBuffer(value)) return bufferText(value);
      const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
      const name = classOf(value);
      const keys = keysOf(value, isList);
      const head = headText(value, name, depth);
      if (head !== null && (keys.length === 0 || value instanceof String)) return head;
      const prefix = head === null ? prefixOf(value, name, isList) : `${head} `;
      const braces = isList ? ["[", "]"] : ["{", "}"];
      const held = isList ? value.length : value instanceof Map || value instanceof Set ? value.size : 0;
      if (held + keys.length === 0) return `${prefix}${braces.join("")}`;
      if (head === null && depth > options.depth)
        return `[${Array.isArray(value) ? "Array" : (name ?? "Object: null prototype")}]`;
      innermost = depth;
      const parts = partsOf(value, isList, depth);
      const all = [...parts, ...keys.map((key) => member(value, key, depth))];
      if (!isList || all.length <= 6) return layOut(prefix, braces, all, depth, false);
      const isNumeric = all.every((_, at) => typeof value[at] === "number" || typeof value[at] === "bigint");
      const rows = inColumns(all, value.length > MAX_ITEMS, isNumeric, depth * 2);
      return layOut(prefix, braces, rows, depth, rows !== all);
    };
    return print;
  };
  const inspect = (value, options) =>
    inspectWith({ depth: options?.depth === null ? Infinity : (options?.depth ?? 2) })(value, 0);
  inspect.custom = custom;

  const format = (...args) => {
    const [first, ...rest] = args;
    const show = (value) => (typeof value === "string" ? value : inspect(value));
    if (typeof first !== "string") return args.map(show).join(" ");
    const text = first.replace(/%[sdifjoOc%]/g, (mark) => {
      if (mark === "%%") return "%";
      if (rest.length === 0) return mark;
      const value = rest.shift();
      switch (mark) {
        case "%s":
          return typeof value === "object" && value !== null
            ? inspect(value, { depth: 0 })
            : typeof value === "bigint"
              ? `${value}n`
              : Object.is(value, -0)
                ? "-0"
                : String(value);
        case "%d":
          return typeof value === "bigint"
            ? `${value}n`
            : typeof value === "symbol"
              ? "NaN"
              : primitiveText(Number(value));
        case "%i":
          return typeof value === "bigint" ? `${value}n` : String(Number.parseInt(value, 10));
        case "%f":
          return String(Number.parseFloat(value));
        case "%j":
          return JSON.stringify(value);
        case "%c":
          return "";
        default:
          return inspect(value, { depth: 4 });
      }
    });
    return [rest.length === args.length - 1 && !/%%/.test(first) ? first : text, ...rest.map(show)].join(" ");
  };

  /** What two objects of one kind are beside their keys. */
  const hasSameHead = (a, b) => {
    if (a instanceof Date) return a.getTime() === b.getTime();
    if (a instanceof RegExp) return String(a) === String(b);
    return !(a instanceof Error) || (a.message === b.message && a.name === b.name);
  };
  const isDeepStrictEqual = (left, right) => {
    const pairs = [];
    const same = (a, b) => {
      if (Object.is(a, b)) return true;
      if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
      if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
      if (pairs.some(([x, y]) => x === a && y === b)) return true;
      pairs.push([a, b]);
      if (!hasSameHead(a, b)) return false;
      if (a instanceof Map)
        return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)));
      if (a instanceof Set)
        return (
          a.size === b.size &&
          [...a].every((item) => b.has(item) || [...b].some((other) => same(item, other)))
        );
      if (Array.isArray(a) && a.length !== b.length) return false;
      const keys = Object.keys(a);
      return (
        keys.length === Object.keys(b).length &&
        keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
      );
    };
    return same(left, right);
  };
  const promisify = (callback) =>
    callback[promisify.custom] ??
    function (...args) {
      return new Promise((resolve, reject) =>
        callback.call(this, ...args, (error, value) => (error ? reject(error) : resolve(value))),
      );
    };
  promisify.custom = Symbol.for("nodejs.util.promisify.custom");
  const callbackify =
    (work) =>
    (...args) => {
      const done = args.pop();
      work(...args).then(
        (value) => done(null, value),
        (error) => done(error),
      );
    };
  const tagged = (name) => (value) => Object.prototype.toString.call(value) === `[object ${name}]`;
  const types = {
    isDate: (value) => value instanceof Date,
    isRegExp: (value) => value instanceof RegExp,
    isMap: (value) => value instanceof Map,
    isSet: (value) => value instanceof Set,
    isPromise: (value) => value instanceof Promise,
    isNativeError: (value) => Error.isError(value),
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
    isUint8Array: (value) => value instanceof Uint8Array,
    isArrayBuffer: (value) => value instanceof ArrayBuffer,
    isAnyArrayBuffer: (value) => value instanceof ArrayBuffer,
    isAsyncFunction: tagged("AsyncFunction"),
    isGeneratorFunction: tagged("GeneratorFunction"),
    isBoxedPrimitive: (value) => [String, Number, Boolean].some((Kind) => value instanceof Kind),
  };
  modules.util = {
    inspect,
    format,
    isDeepStrictEqual,
    promisify,
    callbackify,
    types,
    inherits: (child, parent) => {
      Object.defineProperty(child, "super_", { value: parent, writable: true, configurable: true });
      Object.setPrototypeOf(child.prototype, parent.prototype);
    },
    deprecate: (work) => work,
    debuglog: () => Object.assign(() => undefined, { enabled: false }),
    stripVTControlCharacters: (text) => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, ""),
    toUSVString: (text) => String(text).toWellFormed(),
    isArray: Array.isArray,
    TextEncoder,
    TextDecoder,
  };
};
