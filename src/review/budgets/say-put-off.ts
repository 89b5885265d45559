import { languageOf } from "../plan/language-of.ts";

/** Why a review waits for the next day. */
export type PutOff = {
  /** The setting of the budget that is used up, and what it allows in a day. */
  readonly setting: string;
  readonly limit: number;
  /** When the next day begins, in milliseconds since the epoch. */
  readonly untilMs: number;
};

const SENTENCES = {
  english: ({ setting, limit }: PutOff, next: string) =>
    `The review waits: ${setting} (${limit} a day) is used up; the review is made from ${next} on, or once more is allowed.`,
  japanese: ({ setting, limit }: PutOff, next: string) =>
    `レビューは保留中です。${setting}（1日あたり ${limit}）を使い切りました。${next} 以降、または上限が引き上げられたときにレビューします。`,
  korean: ({ setting, limit }: PutOff, next: string) =>
    `리뷰를 보류했습니다. ${setting}(하루 ${limit})의 한도에 도달했습니다. ${next} 이후에, 또는 한도가 늘어나면 리뷰합니다.`,
} as const;

/** What a merge request is told whose review waits, in a language as people name it; see `languageOf`. */
export const sayPutOff = (putOff: PutOff, language: string): string =>
  SENTENCES[languageOf(language)](putOff, new Date(putOff.untilMs).toISOString());
