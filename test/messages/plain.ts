import type { Reason } from "../../src/base/reason.ts";
import type { Message, MessageParam } from "../../src/messages/message.ts";

/**
 * A message by its code and parameters, such as `store.folder: value.too-long most=3`: what tests compare, so that
 * its sentence may be reworded.
 */
export const plain = ({ code, params }: Message): string =>
  code === "problem.at"
    ? `${plainParam(params["place"])}: ${plainParam(params["problem"])}`
    : [code, ...Object.entries(params).map(([name, param]) => `${name}=${plainParam(param)}`)].join(" ");

/** What was stored for people: a text as it is, a message by its code and parameters. */
export const plainStored = (stored: string | Message | null | undefined): string =>
  typeof stored === "object" && stored !== null ? plain(stored) : (stored ?? "");

/** The detail of a reason. */
export const plainDetail = (reason: Reason | null | undefined): string => plainStored(reason?.params.detail);

const plainParam = (param: MessageParam | undefined): string => {
  if (Array.isArray(param))
    return `[${param.map((one: string | Message) => (typeof one === "string" ? one : plain(one))).join(", ")}]`;
  if (typeof param !== "object") return String(param);
  return "code" in param ? plain(param) : JSON.stringify(param);
};
