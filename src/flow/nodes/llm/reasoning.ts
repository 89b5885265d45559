/** A piece of a stream: of the answer or of the reasoning. */
export type ReasoningPiece = { readonly kind: "text" | "reasoning"; readonly chunk: string };

const OPEN = String.raw`<think(?:\s[^<>]{0,512})?>`;
const BLOCK = new RegExp(`${OPEN}([\\s\\S]*?)</think>`, "gi");
const UNCLOSED = new RegExp(`${OPEN}((?:(?!</think>)[\\s\\S])*)$`, "i");
const OPEN_TAG = new RegExp(OPEN, "i");
const CLOSE_TAG = /<\/think>/i;
/** The end of a text that may still become a tag. */
const OPEN_BEGUN = /<(?:t(?:h(?:i(?:n(?:k(?:\s[^<>]{0,512})?)?)?)?)?)?$/i;
const CLOSE_BEGUN = /<(?:\/(?:t(?:h(?:i(?:n(?:k)?)?)?)?)?)?$/i;

/**
 * Takes `<think>` blocks out of a finished answer, also one that was cut off inside. Gives the clean text with its
 * blank lines folded, and the reasoning, block by block (Dify's `separated`).
 */
export const splitReasoning = (text: string): { readonly text: string; readonly reasoning: string } => {
  const blocks = [...text.matchAll(BLOCK)].map(([, inner = ""]) => inner.trim());
  const open = text.replace(BLOCK, "");
  const cut = UNCLOSED.exec(open);
  const clean = cut === null ? open : open.slice(0, cut.index);
  return {
    text: clean.replace(/\n\s*\n/g, "\n\n").trim(),
    reasoning: [...blocks, cut?.[1]?.trim() ?? ""].filter((part) => part !== "").join("\n"),
  };
};

/** An answer with the reasoning that the provider reports apart, put in front as Dify's plugins do. */
export const tagReasoning = (text: string, reasoning: string): string =>
  reasoning === "" ? text : `<think>\n${reasoning}\n</think>${text}`;

type State = { readonly inside: boolean; readonly held: string; readonly begun: boolean };

const cutTags = (
  state: State,
  chunk: string,
): { readonly state: State; readonly pieces: readonly ReasoningPiece[] } => {
  const pieces: ReasoningPiece[] = [];
  let { inside, begun } = state;
  const push = (raw: string): void => {
    const piece = inside || begun ? raw : raw.trimStart();
    if (piece === "") return;
    if (!inside) begun = true;
    pieces.push({ kind: inside ? "reasoning" : "text", chunk: piece });
  };
  let rest = state.held + chunk;
  for (;;) {
    const tag = (inside ? CLOSE_TAG : OPEN_TAG).exec(rest);
    if (tag === null) break;
    push(rest.slice(0, tag.index));
    rest = rest.slice(tag.index + tag[0].length);
    inside = !inside;
  }
  const begunTag = (inside ? CLOSE_BEGUN : OPEN_BEGUN).exec(rest);
  push(begunTag === null ? rest : rest.slice(0, begunTag.index));
  return { state: { inside, begun, held: begunTag?.[0] ?? "" }, pieces };
};

/**
 * Takes `<think>` blocks out of a stream, tags split over chunks included: only the few characters that may still
 * become a tag are held back. `finish` gives what was held at the end.
 */
export const createReasoningFilter = (): {
  readonly feed: (chunk: string) => readonly ReasoningPiece[];
  readonly finish: () => readonly ReasoningPiece[];
} => {
  let state: State = { inside: false, held: "", begun: false };
  return {
    feed: (chunk) => {
      const next = cutTags(state, chunk);
      state = next.state;
      return next.pieces;
    },
    finish: () =>
      state.held === "" ? [] : [{ kind: state.inside ? "reasoning" : "text", chunk: state.held }],
  };
};
