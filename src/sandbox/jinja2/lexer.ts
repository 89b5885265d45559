import { reprText } from "./print.ts";
import { PyError } from "./values.ts";

/** A piece of a template: text outside of tags, or a token inside of one. */
export type Token = {
  readonly kind: "data" | "begin" | "end" | "name" | "integer" | "float" | "string" | "operator" | "eof";
  /** For `begin` and `end` the kind of tag, `block` or `variable`. */
  readonly text: string;
  readonly line: number;
};

const NUMBER_FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const NUMBER_INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{N}_]+/uy;
const STRING = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const SPACE = /\s+/y;
const TAG = /\{[{%#]/g;
const RAW_BEGIN = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\})/g;
const COMMENT_END = /(?:\+#\}|-#\}\s*|#\})/g;
const ENDS = { block: /\+%\}|-%\}\s*|%\}/y, variable: /-\}\}\s*|\}\}/y } as const;
const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** A mistake in a template's syntax, with its line. */
export const syntaxError = (message: string, line: number): PyError =>
  new PyError("TemplateSyntaxError", `${message} (line ${line})`);

/** Newlines become \n, and one at the end goes away, as in Jinja2's default environment. */
const normalize = (source: string): string => source.replace(/\r\n|\r/g, "\n").replace(/\n$/, "");

const KINDS = [
  ["float", NUMBER_FLOAT],
  ["integer", NUMBER_INTEGER],
  ["name", NAME],
  ["string", STRING],
  ["operator", OPERATOR],
] as const;

const matchAt = (pattern: RegExp, source: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(source);
};

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(source: string) {
    this.#source = source;
  }

  readAll(): readonly Token[] {
    while (this.#at < this.#source.length) {
      const tag = matchAt(TAG, this.#source, this.#at);
      const until = tag?.index ?? this.#source.length;
      const sign = tag === null ? undefined : this.#source[until + 2];
      this.#pushData(this.#source.slice(this.#at, until), this.#at, sign);
      this.#at = until;
      if (this.#at < this.#source.length && !this.#skipSpecial())
        this.#readTag(this.#source[this.#at + 1] === "%" ? "block" : "variable");
    }
    this.#push("eof", "", this.#source.length);
    return this.#tokens;
  }

  #lineAt(position: number): number {
    for (; this.#counted < position; this.#counted += 1)
      if (this.#source[this.#counted] === "\n") this.#line += 1;
    return this.#line;
  }

  #push(kind: Token["kind"], text: string, position: number): void {
    this.#tokens.push({ kind, text, line: this.#lineAt(position) });
  }

  /** Text outside of tags; `sign` is the minus of a tag that follows. */
  #pushData(text: string, position: number, sign: string | undefined): void {
    const kept = sign === "-" ? text.trimEnd() : text;
    if (kept !== "") this.#push("data", kept, position);
  }

  /** One token inside a tag; `closers` are the brackets that are open. */
  #readToken(closers: string[]): void {
    for (const [kind, pattern] of KINDS) {
      const [text] = matchAt(pattern, this.#source, this.#at) ?? [];
      if (text === undefined) continue;
      const closer = kind === "operator" ? CLOSERS[text] : undefined;
      if (closer !== undefined) closers.push(closer);
      else if (kind === "operator" && /^[)\]}]$/.test(text)) this.#close(text, closers);
      this.#push(kind, text, this.#at);
      this.#at += text.length;
      return;
    }
    const char = reprText(this.#source[this.#at] ?? "");
    throw syntaxError(`unexpected char ${char} at ${this.#at}`, this.#lineAt(this.#at));
  }

  #close(text: string, closers: string[]): void {
    const expected = closers.pop();
    if (expected === text) return;
    const wanted = expected === undefined ? "" : `, expected '${expected}'`;
    throw syntaxError(`unexpected '${text}'${wanted}`, this.#lineAt(this.#at));
  }

  /** The inside of `{{ … }}` or `{% … %}`, up to its end. */
  #readTag(kind: "block" | "variable"): void {
    const closers: string[] = [];
    this.#push("begin", kind, this.#at);
    this.#at += /^[-+]/.test(this.#source.slice(this.#at + 2, this.#at + 3)) ? 3 : 2;
    while (this.#at < this.#source.length) {
      this.#at += matchAt(SPACE, this.#source, this.#at)?.[0].length ?? 0;
      const [end] = (closers.length === 0 ? matchAt(ENDS[kind], this.#source, this.#at) : null) ?? [];
      if (end !== undefined) {
        this.#push("end", kind, this.#at);
        this.#at += end.length;
        return;
      }
      if (this.#at < this.#source.length) this.#readToken(closers);
    }
    const wanted = kind === "block" ? "end of statement block" : "end of print statement";
    throw syntaxError(`unexpected end of template, expected '${wanted}'.`, this.#lineAt(this.#source.length));
  }

  /** A comment or a raw section; false when what starts here is neither. */
  #skipSpecial(): boolean {
    if (this.#source.startsWith("{#", this.#at)) {
      const end = matchAt(COMMENT_END, this.#source, this.#at + 2);
      if (end === null) throw syntaxError("Missing end of comment tag", this.#lineAt(this.#at));
      this.#at = end.index + end[0].length;
      return true;
    }
    const raw = matchAt(RAW_BEGIN, this.#source, this.#at);
    if (raw === null) return false;
    const from = this.#at + raw[0].length;
    const end = matchAt(RAW_END, this.#source, from);
    if (end === null) throw syntaxError("Missing end of raw directive", this.#lineAt(this.#at));
    this.#pushData(this.#source.slice(from, end.index), from, end[1]);
    this.#at = end.index + end[0].length;
    return true;
  }
}

/** Cuts a template into tokens. Throws a `TemplateSyntaxError` where Jinja2 does. */
export const tokenize = (template: string): readonly Token[] => new Lexer(normalize(template)).readAll();
