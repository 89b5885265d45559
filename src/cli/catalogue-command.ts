import { type Argument, Command, type ErrorOptions, Help, type Option } from "commander";
import { isMessageCode, type Translate } from "../messages/format-message.ts";
import type { MessageParameters } from "../messages/message-parameters.ts";
import type { MessageCode } from "../messages/message.ts";

/** Codes of messages without parameters. */
type PlainCode = {
  [Code in MessageCode]: [MessageParameters[Code]] extends [null] ? Code : never;
}[MessageCode];

/** What commander keeps as a description, or as the text of an invalid value: a code, rendered when it is shown. */
export const text = (code: PlainCode): string => code;

const render = (t: Translate, code: string): string =>
  isMessageCode(code) ? t.message({ code, params: {} }) : code;

/**
 * A command of commander whose help and complaints are messages of the catalogue. Its commands are of the same
 * kind. `t` is called when something is shown, so that nothing is parsed for a command that says nothing.
 */
export class CatalogueCommand extends Command {
  readonly #t: () => Translate;

  constructor(name: string | undefined, t: () => Translate) {
    super(name);
    this.#t = t;
  }

  override createCommand(name?: string): CatalogueCommand {
    return new CatalogueCommand(name, this.#t);
  }

  override createHelp(): Help {
    return Object.assign(new CatalogueHelp(this.#t()), this.configureHelp());
  }

  override error(complaint: string, options?: ErrorOptions): never {
    return super.error(explain(this.#t(), this, complaint, options?.code ?? ""), options);
  }
}

/** The values that commander's own sentence quotes, and what it has found that is like them. */
const quotedIn = (complaint: string) => ({
  quoted: [...complaint.matchAll(/'([^']*)'/gu)].map(([, value = ""]) => value),
  likely: /\(Did you mean (?:one of )?(.+)\?\)$/u.exec(complaint)?.[1],
});

/** Commander names what is wrong by a code, and the values in its English sentence only. */
const explain = (t: Translate, command: Command, complaint: string, code: string): string => {
  const { quoted, likely } = quotedIn(complaint);
  const [name = ""] = quoted;
  const suggestion = likely === undefined ? "" : `\n${t("cli.usage.did-you-mean", { names: likely })}`;
  switch (code) {
    case "commander.missingArgument":
      return t("cli.usage.missing-argument", { name });
    case "commander.optionMissingArgument":
      return t("cli.usage.option-without-value", { name });
    case "commander.missingMandatoryOptionValue":
      return t("cli.usage.option-missing", { name });
    case "commander.unknownOption":
      return t("cli.usage.unknown-option", { name }) + suggestion;
    case "commander.unknownCommand":
      return t("cli.usage.unknown-command", { name }) + suggestion;
    case "commander.excessArguments":
      return t("cli.usage.too-many-arguments");
    case "commander.invalidArgument":
      return explainValue(t, command, complaint);
    default:
      return complaint;
  }
};

const explainValue = (t: Translate, command: Command, complaint: string): string => {
  const ofOption = /^error: option '(.+?)' argument '(.*?)' is invalid\. (.*)$/su.exec(complaint);
  const ofArgument = /value '(.*?)' is invalid for argument '(.+?)'\. (.*)$/su.exec(complaint);
  const [, name = "", value = "", why = ""] = ofOption ?? [
    "",
    ofArgument?.[2],
    ofArgument?.[1],
    ofArgument?.[3],
  ];
  const taker =
    command.options.find(({ flags }) => flags === name) ??
    command.registeredArguments.find((argument) => argument.name() === name);
  const choices = taker?.argChoices?.join(" | ");
  const reason = choices === undefined ? render(t, why) : t("cli.usage.choices", { choices });
  return t("cli.usage.invalid-value", { name, value, why: reason });
};

const TITLES: Readonly<Record<string, PlainCode>> = {
  "Usage:": "cli.help.title.usage",
  "Arguments:": "cli.help.title.arguments",
  "Options:": "cli.help.title.options",
  "Commands:": "cli.help.title.commands",
};

/** Scripts whose lines may be broken between any two characters, but for those that begin no line. */
const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}ー`;
// Characters, no text.
// oxlint-disable-next-line reviewflow/catalogue-only
const NEVER_FIRST = "、。」：？ーぁぃぅぇぉっゃゅょァィゥェォッャュョ";
const CHUNKS = new RegExp(String.raw`\s*(?:[${UNSPACED}][${NEVER_FIRST}]*|[^\s${UNSPACED}]+)`, "gu");
const WIDE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303F\uFF00-\uFF60ー]/gu;

/** Help in a language. */
class CatalogueHelp extends Help {
  readonly #t: Translate;

  constructor(t: Translate) {
    super();
    this.#t = t;
  }

  override commandDescription(command: Command): string {
    return render(this.#t, command.description());
  }

  override subcommandDescription(command: Command): string {
    return render(this.#t, command.description());
  }

  override optionDescription(option: Option): string {
    const isShown = option.required || option.optional;
    return this.#describe(option, isShown ? option.defaultValue : undefined);
  }

  override argumentDescription(argument: Argument): string {
    return this.#describe(argument, argument.defaultValue);
  }

  override styleTitle(title: string): string {
    const code = TITLES[title];
    return code === undefined ? title : render(this.#t, code);
  }

  override displayWidth(shown: string): number {
    return super.displayWidth(shown) + (shown.match(WIDE)?.length ?? 0);
  }

  override boxWrap(shown: string, width: number): string {
    if (width < this.minWidthToWrap) return shown;
    const lines: string[] = [];
    let line = "";
    for (const chunk of shown.match(CHUNKS) ?? []) {
      if (line !== "" && this.displayWidth(line + chunk) > width) {
        lines.push(line);
        line = chunk.trimStart();
      } else line += chunk;
    }
    return [...lines, line].join("\n");
  }

  #describe(taker: Pick<Option | Argument, "description" | "argChoices">, preset: unknown): string {
    const notes = [
      ...(taker.argChoices === undefined
        ? []
        : [this.#t("cli.help.choices", { choices: taker.argChoices.join(" | ") })]),
      ...(typeof preset === "string" ? [this.#t("cli.help.default", { value: preset })] : []),
    ];
    const description = render(this.#t, taker.description);
    return notes.length === 0 ? description : `${description} (${notes.join(", ")})`;
  }
}
