// URLSearchParams as in Node, the address classes' missing parts, and the modules url and querystring.
({ define, call, modules }) => {
  const encodeForm = (text) =>
    encodeURIComponent(String(text).toWellFormed())
      .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replace(/%20/g, "+");
  /** Percent escapes as bytes in UTF-8; what is no escape stays. */
  const decodePercent = (text) => {
    if (!text.includes("%")) return text;
    const bytes = [];
    const plain = new TextEncoder().encode(text);
    for (let at = 0; at < plain.length; at += 1) {
      const pair = plain[at] === 37 ? String.fromCharCode(plain[at + 1] ?? 0, plain[at + 2] ?? 0) : "";
      if (/^[0-9a-f]{2}$/i.test(pair)) {
        bytes.push(Number.parseInt(pair, 16));
        at += 2;
      } else bytes.push(plain[at]);
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  };
  const decodeForm = (text) => decodePercent(text.replace(/\+/g, " "));
  const parseForm = (text) =>
    text
      .split("&")
      .filter((part) => part !== "")
      .map((part) => {
        const at = part.indexOf("=");
        return at < 0
          ? [decodeForm(part), ""]
          : [decodeForm(part.slice(0, at)), decodeForm(part.slice(at + 1))];
      });
  const asText = (value) => `${value}`.toWellFormed();
  const pairsOf = (init) => {
    if (init === undefined || init === null) return [];
    if (typeof init !== "object" && typeof init !== "function") {
      const text = asText(init);
      return parseForm(text.startsWith("?") ? text.slice(1) : text);
    }
    if (typeof init[Symbol.iterator] === "function")
      return Array.from(init, (pair) => {
        if (pair === null || typeof pair !== "object" || typeof pair[Symbol.iterator] !== "function")
          throw new TypeError("Each query pair must be an iterable [name, value] tuple");
        const parts = [...pair];
        if (parts.length !== 2)
          throw new TypeError("Each query pair must be an iterable [name, value] tuple");
        return [asText(parts[0]), asText(parts[1])];
      });
    return Reflect.ownKeys(init)
      .filter((key) => Object.prototype.propertyIsEnumerable.call(init, key))
      .map((key) => [asText(key), asText(init[key])]);
  };
  const changed = Symbol("changed");
  class URLSearchParams {
    #pairs;
    #onChange = null;
    constructor(init) {
      this.#pairs = pairsOf(init);
    }
    /** Binds the pairs to an address; `text` replaces them. */
    static [changed](params, text, onChange) {
      params.#pairs = parseForm(text);
      params.#onChange = onChange;
    }
    #update() {
      this.#onChange?.(this.toString());
    }
    get size() {
      return this.#pairs.length;
    }
    append(name, value) {
      this.#pairs.push([asText(name), asText(value)]);
      this.#update();
    }
    delete(name, value) {
      this.#pairs = this.#pairs.filter(
        ([key, held]) => key !== asText(name) || (value !== undefined && held !== asText(value)),
      );
      this.#update();
    }
    get(name) {
      return this.#pairs.find(([key]) => key === asText(name))?.[1] ?? null;
    }
    getAll(name) {
      return this.#pairs.filter(([key]) => key === asText(name)).map(([, value]) => value);
    }
    has(name, value) {
      return this.#pairs.some(
        ([key, held]) => key === asText(name) && (value === undefined || held === asText(value)),
      );
    }
    set(name, value) {
      const key = asText(name);
      const at = this.#pairs.findIndex(([held]) => held === key);
      if (at < 0) this.#pairs.push([key, asText(value)]);
      else {
        this.#pairs[at] = [key, asText(value)];
        this.#pairs = this.#pairs.filter(([held], place) => place <= at || held !== key);
      }
      this.#update();
    }
    sort() {
      this.#pairs.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
      this.#update();
    }
    forEach(callback, receiver) {
      for (const [name, value] of this) callback.call(receiver, value, name, this);
    }
    *entries() {
      for (let at = 0; at < this.#pairs.length; at += 1) yield [...this.#pairs[at]];
    }
    *keys() {
      for (const [name] of this.entries()) yield name;
    }
    *values() {
      for (const [, value] of this.entries()) yield value;
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    toString() {
      return this.#pairs.map(([name, value]) => `${encodeForm(name)}=${encodeForm(value)}`).join("&");
    }
    get [Symbol.toStringTag]() {
      return "URLSearchParams";
    }
  }
  define("URLSearchParams", URLSearchParams);

  const parameters = new WeakMap();
  const plain = Object.getOwnPropertyDescriptors(URL.prototype);
  const setSearch = plain.search.set;
  const refresh = (url) => {
    const params = parameters.get(url);
    if (params !== undefined)
      URLSearchParams[changed](params, url.search.slice(1), (text) => setSearch.call(url, text));
  };
  for (const name of ["search", "href"])
    Object.defineProperty(URL.prototype, name, {
      ...plain[name],
      set(value) {
        plain[name].set.call(this, value);
        refresh(this);
      },
    });
  Object.defineProperty(URL.prototype, "searchParams", {
    configurable: true,
    enumerable: true,
    get() {
      if (!parameters.has(this)) {
        parameters.set(this, new URLSearchParams());
        refresh(this);
      }
      return parameters.get(this);
    },
  });
  const canParse = URL.canParse;
  if (typeof URL.parse !== "function")
    Object.defineProperty(URL, "parse", {
      configurable: true,
      writable: true,
      value: (address, base) => (canParse.call(URL, address, base) ? new URL(address, base) : null),
    });

  const primitive = (value) => {
    if (typeof value === "string") return value;
    if (typeof value === "number") return Number.isFinite(value) ? `${value}` : "";
    return typeof value === "bigint" || typeof value === "boolean" ? `${value}` : "";
  };
  const querystring = {
    escape: (text) =>
      encodeURIComponent(typeof text === "object" ? String(text) : `${text}`).replace(/%7E/g, "~"),
    unescape: (text) => {
      try {
        return decodeURIComponent(String(text));
      } catch {
        return decodePercent(String(text));
      }
    },
    stringify: (object, separator = "&", equals = "=", options = {}) => {
      if (object === null || typeof object !== "object") return "";
      const escape = options?.encodeURIComponent ?? querystring.escape;
      return Object.keys(object)
        .flatMap((key) => {
          const values = Array.isArray(object[key]) ? object[key] : [object[key]];
          return values.map(
            (value) => `${escape(primitive(key))}${equals || "="}${escape(primitive(value))}`,
          );
        })
        .join(separator || "&");
    },
    parse: (text, separator = "&", equals = "=", options = {}) => {
      const result = Object.create(null);
      if (typeof text !== "string" || text.length === 0) return result;
      const unescape = options?.decodeURIComponent ?? querystring.unescape;
      const most = typeof options?.maxKeys === "number" ? options.maxKeys : 1000;
      const parts = text.split(separator || "&");
      for (const part of most > 0 ? parts.slice(0, most) : parts) {
        if (part === "") continue;
        const at = part.indexOf(equals || "=");
        const [name, value] =
          at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + (equals || "=").length)];
        const key = unescape(name.replace(/\+/g, " "));
        const read = unescape(value.replace(/\+/g, " "));
        if (!(key in result)) result[key] = read;
        else if (Array.isArray(result[key])) result[key].push(read);
        else result[key] = [result[key], read];
      }
      return result;
    },
  };
  querystring.encode = querystring.stringify;
  querystring.decode = querystring.parse;
  modules.querystring = querystring;

  class Url {}
  const parse = (address, parseQuery = false) => {
    const read = JSON.parse(call("parseAddress", String(address)));
    if (parseQuery) read.query = querystring.parse(read.query ?? "");
    return Object.assign(new Url(), read);
  };
  const format = (address) => {
    if (typeof address === "string") return parse(address).href;
    if (address instanceof URL) return address.href;
    const { protocol, auth, host, hostname, port, pathname, search, query, hash, slashes } = address;
    const scheme = protocol ? (protocol.endsWith(":") ? protocol : `${protocol}:`) : "";
    const name = host ?? (hostname ? `${hostname}${port ? `:${port}` : ""}` : "");
    const who = auth ? `${encodeURIComponent(auth).replace(/%3A/i, ":")}@` : "";
    const isWeb = /^(https?|ftp|gopher|file|wss?):$/.test(scheme);
    const text = search ?? (query && Object.keys(query).length > 0 ? `?${querystring.stringify(query)}` : "");
    const path = (pathname ?? "").replace(/[?#]/g, encodeURIComponent);
    const before = name || slashes || (isWeb && name) ? `//${who}${name}` : "";
    const rooted = before && path && !path.startsWith("/") ? `/${path}` : path;
    const mark = (value, sign) => (value && !value.startsWith(sign) ? `${sign}${value}` : (value ?? ""));
    return `${scheme}${before}${rooted}${mark(text, "?").replace(/#/g, "%23")}${mark(hash, "#")}`;
  };
  modules.url = {
    URL,
    URLSearchParams,
    Url,
    parse,
    format,
    resolve: (from, to) => call("resolveAddress", String(from), String(to)),
    domainToASCII: (domain) => call("domainToAscii", String(domain)),
    domainToUnicode: (domain) => call("domainToUnicode", String(domain)),
    urlToHttpOptions: (url) => ({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      hash: url.hash,
      search: url.search,
      pathname: url.pathname,
      path: `${url.pathname}${url.search}`,
      href: url.href,
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      ...(url.username || url.password
        ? { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }
        : {}),
    }),
  };
};
