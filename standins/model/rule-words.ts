import type { Language } from "./asked-language.ts";
import type { RuleName } from "./review-rules.ts";

/** What is said about a mistake. */
export type RuleWords = { readonly title: string; readonly body: string };

/** The sentences for each rule, by language. */
export const RULE_WORDS: Readonly<Record<Language, Readonly<Record<RuleName, RuleWords>>>> = {
  en: {
    "past-the-end": {
      title: "The loop goes one step past the end",
      body: "The last place of a list is its length minus one. With `<=` the loop also runs for the length itself, where there is no item. Use `<`.",
    },
    "hard-coded-secret": {
      title: "A secret is written into the code",
      body: "Whoever can read the repository can read this secret, in its history too. Read it from the environment, and change it: it counts as known from now on.",
    },
    "bare-except": {
      title: "A bare `except` also swallows interrupts",
      body: "`except:` catches `KeyboardInterrupt` and `SystemExit`, too, so the program cannot be stopped here. Name the exceptions that are expected, or at least `Exception`.",
    },
    "none-equality": {
      title: "`None` is compared by equality",
      body: "`==` asks the object's own `__eq__`, which may answer anything. `is` asks whether it is `None`.",
    },
    "loose-null": {
      title: "This comparison takes `undefined` for `null`",
      body: "`==` and `!=` treat `null` and `undefined` alike. If both are meant, a comment would help; if not, use `===` or `!==`.",
    },
    "loose-equality": {
      title: "The comparison converts its operands first",
      body: '`==` and `!=` convert types: `0 == ""` is true. Use `===` or `!==`, which compare what is there.',
    },
    "function-scope": {
      title: "`var` is visible in the whole function",
      body: "A variable declared with `var` outlives its block and exists before its line. `let` keeps it where it is declared (`const`, if it never changes).",
    },
    "open-task": {
      title: "The change adds an open task",
      body: "A note like this is easily forgotten once it is merged. Do it here, or open an issue and name it in the comment.",
    },
  },
  ko: {
    "past-the-end": {
      title: "반복문이 끝을 한 칸 넘어갑니다",
      body: "목록의 마지막 위치는 길이보다 1 작습니다. `<=`를 쓰면 길이와 같은 위치까지 반복하는데, 그 자리에는 값이 없습니다. `<`를 사용하세요.",
    },
    "hard-coded-secret": {
      title: "비밀 값이 코드에 그대로 적혀 있습니다",
      body: "저장소를 읽을 수 있는 사람은 이력에서도 이 값을 볼 수 있습니다. 환경 변수에서 읽고, 이미 알려진 값으로 보고 새 값으로 바꾸세요.",
    },
    "bare-except": {
      title: "대상 없는 `except`는 중단 신호까지 삼킵니다",
      body: "`except:`는 `KeyboardInterrupt`와 `SystemExit`도 잡으므로 여기서 프로그램을 멈출 수 없습니다. 예상하는 예외를 쓰거나 적어도 `Exception`을 쓰세요.",
    },
    "none-equality": {
      title: "`None`을 값의 같음으로 비교합니다",
      body: "`==`는 객체의 `__eq__`에 물어보므로 무엇이든 답할 수 있습니다. `is`는 정말 `None`인지 확인합니다.",
    },
    "loose-null": {
      title: "이 비교는 `undefined`도 `null`로 봅니다",
      body: "`==`와 `!=`는 `null`과 `undefined`를 구별하지 않습니다. 둘 다 뜻한 것이라면 주석을, 아니라면 `===`나 `!==`를 쓰세요.",
    },
    "loose-equality": {
      title: "비교하기 전에 타입이 바뀝니다",
      body: '`==`와 `!=`는 타입을 바꿔서 비교합니다. `0 == ""`는 참입니다. 있는 그대로 비교하는 `===`나 `!==`를 쓰세요.',
    },
    "function-scope": {
      title: "`var` 변수는 함수 전체에서 보입니다",
      body: "`var`로 선언한 변수는 블록이 끝나도 남고, 선언한 줄보다 앞에서도 존재합니다. `let`은 선언한 곳에만 둡니다(값이 바뀌지 않으면 `const`).",
    },
    "open-task": {
      title: "남은 할 일이 추가되었습니다",
      body: "이런 메모는 병합하고 나면 잊기 쉽습니다. 지금 처리하거나, 이슈를 만들고 주석에 적어 두세요.",
    },
  },
  ja: {
    "past-the-end": {
      title: "ループが終わりを一つ越えます",
      body: "リストの最後の位置は長さより 1 小さい値です。`<=` では長さと同じ位置まで繰り返しますが、そこに要素はありません。`<` を使ってください。",
    },
    "hard-coded-secret": {
      title: "秘密の値がコードに書かれています",
      body: "リポジトリを読める人は、履歴からもこの値を読めます。環境変数から読み、すでに知られたものとして新しい値に変えてください。",
    },
    "bare-except": {
      title: "対象のない `except` は中断も飲み込みます",
      body: "`except:` は `KeyboardInterrupt` や `SystemExit` も捕まえるため、ここでプログラムを止められません。想定する例外か、少なくとも `Exception` を書いてください。",
    },
    "none-equality": {
      title: "`None` を等値で比べています",
      body: "`==` はオブジェクト自身の `__eq__` に尋ねるため、何が返るか分かりません。`is` は本当に `None` かどうかを確かめます。",
    },
    "loose-null": {
      title: "この比較は `undefined` も `null` とみなします",
      body: "`==` と `!=` は `null` と `undefined` を区別しません。両方を意図するならコメントを、そうでなければ `===` か `!==` を使ってください。",
    },
    "loose-equality": {
      title: "比べる前に型が変換されます",
      body: '`==` と `!=` は型を変換して比べます。`0 == ""` は真です。そのまま比べる `===` か `!==` を使ってください。',
    },
    "function-scope": {
      title: "`var` の変数は関数全体から見えます",
      body: "`var` で宣言した変数はブロックの後にも残り、宣言より前にも存在します。`let` なら宣言した場所だけにとどまります(変わらない値なら `const`)。",
    },
    "open-task": {
      title: "やり残しが追加されています",
      body: "このようなメモはマージの後に忘れられがちです。ここで済ませるか、イシューを作ってコメントに書いてください。",
    },
  },
};

/** Sentences around the findings. Each says that no model has judged anything. */
type AnswerWords = {
  readonly byRule: string;
  readonly overview: (files: string, added: number, removed: number) => string;
  readonly confirmed: (title: string) => string;
  readonly refuted: string;
  readonly walkThrough: string;
  readonly risks: string;
  readonly first: string;
  readonly unread: string;
};

/** The sentences around the findings, by language. */
export const ANSWER_WORDS: Readonly<Record<Language, AnswerWords>> = {
  en: {
    byRule: "_Found by a plain rule of a scripted mock model._",
    overview: (files, added, removed) =>
      `(Scripted mock model.) Changes ${files}: ${added} line(s) added, ${removed} removed.`,
    confirmed: (title) => `A plain rule of the scripted mock model finds the same: ${title}.`,
    refuted: "None of the scripted mock model's plain rules finds this at the quoted line of the diff.",
    walkThrough: "Walk-through",
    risks: "Risks",
    first: "Start here",
    unread: "not read",
  },
  ko: {
    byRule: "_스크립트로 응답하는 모의(mock) 모델이 단순한 규칙으로 찾았습니다._",
    overview: (files, added, removed) =>
      `(스크립트로 응답하는 모의 모델) ${files} 변경: ${added}줄 추가, ${removed}줄 삭제.`,
    confirmed: (title) => `모의 모델의 단순한 규칙도 같은 것을 찾았습니다: ${title}.`,
    refuted: "모의 모델의 단순한 규칙으로는 diff의 인용된 줄에서 이 문제를 찾지 못했습니다.",
    walkThrough: "변경 내용",
    risks: "리스크",
    first: "우선 확인할 부분",
    unread: "읽지 않음",
  },
  ja: {
    byRule: "_固定スクリプトで応答するモックモデルが、単純なルールで見つけました。_",
    overview: (files, added, removed) =>
      `(固定スクリプトで応答するモックモデル) ${files} の変更: ${added} 行追加、${removed} 行削除。`,
    confirmed: (title) => `モックモデルの単純なルールでも同じものが見つかります: ${title}。`,
    refuted: "モックモデルの単純なルールでは、diff の引用された行にこの問題は見つかりません。",
    walkThrough: "変更の内容",
    risks: "リスク",
    first: "まず確認する箇所",
    unread: "未読",
  },
};
