import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** How something is asked. */
type Question = {
  readonly text: string;
  /** The answer of an empty line; it is shown. */
  readonly fallback?: string;
  /** Whether the answer stays off the screen. */
  readonly secret?: boolean;
};

/** Asks somebody. Disposing of it gives the input back. */
export type Prompter = Disposable & {
  /** The trimmed answer; null when nobody answers any more. */
  readonly ask: (question: Question) => Promise<string | null>;
};

/** Nobody is asked. */
export const silentPrompter: Prompter = { ask: async () => null, [Symbol.dispose]: () => undefined };

/** Asks line by line, at a terminal or from a file or pipe; secrets are not echoed. */
export const createPrompter = (
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  write: (text: string) => void,
): Prompter => {
  let isMuted = false;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isMuted) write(chunk.toString("utf8"));
      done();
    },
  });
  const isTerminal = input.isTTY === true;
  const reader = createInterface({ input, output, terminal: isTerminal });
  let isClosed = false;
  reader.once("close", () => (isClosed = true));
  // Lines that arrive before they are asked for are kept by the iterator.
  const lines = reader[Symbol.asyncIterator]();
  return {
    ask: async ({ text, fallback, secret = false }) => {
      const prompt = `${text}${fallback === undefined || fallback === "" ? "" : ` [${fallback}]`}: `;
      if (isTerminal && !isClosed) {
        reader.setPrompt(prompt);
        reader.prompt();
      } else write(prompt);
      isMuted = secret;
      const { value, done } = await lines.next();
      isMuted = false;
      // What was typed ended the line, unless it was not shown.
      if (secret || !isTerminal) write("\n");
      if (done === true) return null;
      const answer = value.trim();
      return answer === "" ? (fallback ?? "") : answer;
    },
    [Symbol.dispose]: () => reader.close(),
  };
};
