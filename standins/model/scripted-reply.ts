import { z } from "zod";
import { askedLanguage, instructionsOf, type Language } from "./asked-language.ts";
import type { ChatRequest } from "./chat-request.ts";
import { readNumberedDiff } from "./numbered-diff.ts";
import { readBlocks, readList } from "./prompt-blocks.ts";

/** What counts as having shown that a finding is wrong: plain words, since a script judges nothing. */
const SHOWN_WRONG =
  /\b(?:false positive|not a (?:bug|problem|mistake)|on purpose|by design|cannot happen)\b|誤検知|意図的|仕様です|오탐|의도한/iu;

const WORDS: Record<
  Language,
  {
    readonly withdrawn: string;
    readonly stays: string;
    readonly sees: (lines: number, notes: number) => string;
    readonly proposal: (files: string) => string;
  }
> = {
  en: {
    withdrawn: "You say why it is meant so, and that is enough for a script.",
    stays: "I see no reason in this that I know, so I stay with what I wrote.",
    sees: (lines, notes) => `I was shown ${lines} line(s) of the change and ${notes} note(s) of this thread.`,
    proposal: (files) => `**Change ${files}**\n\nThis change touches ${files}.`,
  },
  ja: {
    withdrawn: "理由が示されたので、台本としてはそれで十分です。",
    stays: "私の知っている理由ではないため、指摘を維持します。",
    sees: (lines, notes) => `変更の ${lines} 行とこのスレッドの ${notes} 件のコメントを確認しました。`,
    proposal: (files) => `**${files} を変更**\n\nこの変更は ${files} に関するものです。`,
  },
  ko: {
    withdrawn: "이유를 알려 주셨으니 대본으로서는 충분합니다.",
    stays: "제가 아는 이유가 아니어서 지적을 유지합니다.",
    sees: (lines, notes) => `변경의 ${lines}줄과 이 스레드의 댓글 ${notes}개를 보았습니다.`,
    proposal: (files) => `**${files} 변경**\n\n이 변경은 ${files}에 관한 것입니다.`,
  },
};

const Note = z.object({ by: z.string(), text: z.string() });

/**
 * Answers a note: says what it was shown, and takes a finding back when the question holds words for that.
 * `who` is the sentence that says that this is a script.
 */
export const answerReply = (request: ChatRequest, who: string): string => {
  const blocks = readBlocks(request);
  const instructions = instructionsOf(request);
  const words = WORDS[askedLanguage(request)];
  const lines = readNumberedDiff(blocks.get("code") ?? "");
  const notes = readList(blocks.get("thread"), "thread").filter((note) => Note.safeParse(note).success);
  const isFinding = /finding of yours: yes$/m.test(instructions);
  const withdraw = isFinding && SHOWN_WRONG.test(blocks.get("question") ?? "");
  const files = [...new Set(lines.map(({ path }) => `\`${path}\``))].slice(0, 5).join(", ");
  const isProposal = /^The task of this run is: describe$/m.test(instructions);
  const said = [
    ...(isProposal ? [words.proposal(files)] : []),
    ...(isFinding ? [withdraw ? words.withdrawn : words.stays] : []),
    words.sees(lines.length, notes.length),
    who,
  ];
  return `\`\`\`json\n${JSON.stringify({ reply: said.join("\n\n"), withdraw })}\n\`\`\``;
};
