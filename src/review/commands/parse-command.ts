import { type Command, type CommandName, type CommandProblem, COMMANDS } from "./command.ts";
import { splitOptions, splitWords, type Word } from "./command-words.ts";
import { findMention, wordsBehind } from "./mention.ts";
import { GITLAB_QUICK_ACTIONS } from "./quick-actions.ts";
import { type SpokenLine, spokenLines } from "./spoken-lines.ts";

/** The longest text that a command carries, in characters; what is beyond is cut. */
const MAX_COMMAND_TEXT = 4000;
const MAX_PATHS = 20;
const MAX_PATH_LENGTH = 200;

/**
 * The first command in a note, null for none. A command stands at the beginning of a line, outside code
 * and quotes: `@bot review`, or `/review` when slashes are taken. GitLab's own quick actions are never
 * ours, and a slash with a word that is no command of ours is no command at all. Behind a mention, words
 * that are no command are a question (`ask`), and a single word that is none asks for help. Never throws.
 */
export const parseCommand = (
  noteText: string,
  botUsername: string,
  { slash = true }: { readonly slash?: boolean } = {},
): Command | null => {
  if (!mayHoldCommand(noteText, botUsername, slash)) return null;
  for (const line of spokenLines(noteText)) {
    const command = readMention(line, noteText, botUsername) ?? (slash ? readSlash(line, noteText) : null);
    if (command !== null) return command;
  }
  return null;
};

/** Spares reading most notes. */
const mayHoldCommand = (note: string, username: string, slash: boolean): boolean =>
  findMention(note, username) !== null || (slash && /(?:^|[\r\n])[^\S\r\n]{0,3}[/／]\p{L}/u.test(note));

const readMention = (line: SpokenLine, note: string, username: string): Command | null => {
  const mention = findMention(line.text, username);
  if (mention === null || mention.from !== 0) return null;
  const words = wordsBehind(line.text.slice(mention.to));
  const below = note.slice(line.start + line.text.length);
  const [, word = "", behind = ""] = /^[/／]?(\S+)(.*)$/su.exec(words) ?? [];
  if (word === "" && below.trim() === "") return help(null);
  const bare = nameOf(word);
  const known = COMMANDS.find((name) => name === bare);
  if (known !== undefined) return readCommand(known, behind, below) ?? ask(words + below);
  return behind.trim() === "" && below.trim() === "" && /^[a-z][a-z_-]*$/.test(bare)
    ? help({ code: "unknown-command", text: shorten(word) })
    : ask(words + below);
};

const readSlash = (line: SpokenLine, note: string): Command | null => {
  const [, word = "", behind = ""] = /^[/／](\p{L}[\p{L}_]*)(?=\s|$)(.*)$/su.exec(line.text) ?? [];
  const name = nameOf(word);
  if (GITLAB_QUICK_ACTIONS.has(name)) return null;
  const known = COMMANDS.find((one) => one === name);
  if (known === undefined) return null;
  return readCommand(known, behind, note.slice(line.start + line.text.length));
};

/** Wide letters are those that a Japanese keyboard writes; signs at the end are the sentence's. */
const nameOf = (word: string): string =>
  word
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[:,.!。、]+$/u, "");

const help = (problem: CommandProblem | null): Command => ({ name: "help", problem });

const ask = (text: string): Command => ({
  name: "ask",
  text: text.trim().slice(0, MAX_COMMAND_TEXT).toWellFormed(),
});

const shorten = (text: string): string => text.slice(0, 64).toWellFormed();

/** A command with what stands behind it; null when the words make it something else than this command. */
const readCommand = (name: CommandName, behind: string, below: string): Command | null => {
  switch (name) {
    case "ask":
      return (behind + below).trim() === "" ? help(null) : ask(behind + below);
    case "resolve":
    case "ignore":
    case "pause":
    case "resume":
      return { name, reason: tidy(behind + below) };
    case "help":
      return behind.trim() === "" || COMMANDS.some((one) => one === behind.trim().toLowerCase())
        ? help(null)
        : null;
    case "describe":
      return readDescribe(behind);
    case "review":
      return readReview(behind);
    default:
      return name satisfies never;
  }
};

const tidy = (text: string): string =>
  text
    .replace(/^[\s:,.。、!]+/u, "")
    .slice(0, MAX_COMMAND_TEXT)
    .trim()
    .toWellFormed();

type Options = ReturnType<typeof splitOptions>["options"];

/** Options are an allowlist: what is not on it is never passed on. */
const readOptions = (
  options: Options,
  flags: readonly string[],
): { readonly flags: ReadonlySet<string>; readonly language: string | null } | CommandProblem => {
  const set = new Set<string>();
  let language: string | null = null;
  for (const { name, value } of options) {
    if (name === "language" || (flags.includes(name) && value !== null)) {
      if (name !== "language" || value === null || !/^\p{L}[\p{L}\p{M} ()-]{0,63}$/u.test(value))
        return { code: "option-value", text: shorten(`--${name}`) };
      language = value;
    } else if (flags.includes(name)) set.add(name);
    else return { code: "unknown-option", text: shorten(`--${name}`) };
  }
  return { flags: set, language };
};

const readDescribe = (behind: string): Command | null => {
  const { options, rest } = splitOptions(splitWords(behind));
  if (rest.length > 0) return null;
  const read = readOptions(options, ["write"]);
  return "code" in read
    ? help(read)
    : { name: "describe", write: read.flags.has("write"), language: read.language };
};

const readReview = (behind: string): Command => {
  const { options, rest } = splitOptions(splitWords(behind));
  const read = readOptions(options, ["changes"]);
  if ("code" in read) return help(read);
  const paths = rest.filter(isPath).map(({ text }) => text.replace(/^\.?\/+/, ""));
  const tooLong = paths.find((path) => path.length > MAX_PATH_LENGTH);
  if (paths.length > MAX_PATHS || tooLong !== undefined)
    return help({ code: "too-many-paths", text: shorten(tooLong ?? String(paths.length)) });
  return { name: "review", paths, changesOnly: read.flags.has("changes"), language: read.language };
};

/** What looks like a path; other words, as in "review this again", are only said. */
const isPath = ({ text, quoted }: Word): boolean =>
  text !== "" && (quoted || (/[/*]|\w\.\w/.test(text) && !/^\w+:\/\//.test(text)));
