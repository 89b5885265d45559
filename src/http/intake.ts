import { type Reason, reasonOf } from "../base/reason.ts";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { JsonObject } from "../base/json.ts";
import { createFloodGate, type Logger, limitWarnings } from "../base/logger.ts";
import { isProjectAllowed } from "../base/project-globs.ts";
import type { Secret } from "../base/secret.ts";
import { deliveryKey, pickSafeHeaders } from "../gitlab/delivery-key.ts";
import type { InvalidDelivery } from "../gitlab/parse-delivery.ts";
import type { TokenProofs } from "../gitlab/token-proof.ts";
import type { Headers, Verification, VerifyOptions } from "../gitlab/verification.ts";
import { verifyDelivery } from "../gitlab/verify.ts";
import { decide, decideUnproven, NO_HISTORY } from "../review/decide.ts";
import { toStoredNote } from "../review/conversation/stored-note.ts";
import type { DeliveryEvent, EventProject, OtherEvent } from "../review/delivery-event.ts";
import { isSamePath, type ProjectPaths } from "../review/project-paths.ts";
import type { ReviewRoute } from "../review/triggers.ts";
import { toStoredEvent, withUnprovenProject } from "../review/stored-event.ts";
import type { AcceptOutcome, AcceptRequest, NewDelivery, Store } from "../store/store.ts";
import { type Answer, answers } from "./answer.ts";
import type { Sender } from "./read-body.ts";
import { createDeliveryReader, type ReadDelivery } from "./read-delivery.ts";

/** What the intake needs of the other rooms. */
export type IntakeOptions = {
  readonly verify: VerifyOptions;
  readonly tokens: TokenProofs;
  /** What GitLab calls projects; null or left out where the server has no token to ask with. */
  readonly projects?: ProjectPaths | null;
  /** The flow for a project's path; null when none is configured for it. */
  readonly route: (projectPath: string) => ReviewRoute | null;
  readonly accept: Store["accept"];
  /** Whether anything is learnt from thumbs on findings. */
  readonly learns?: boolean;
  /**
   * Finds out who we are before a note or a thumb is judged, where that is not known yet: what nobody heard
   * does not come again. Must not reject, and comes back soon whatever GitLab does.
   */
  readonly identify?: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Whether a body is read at all, and whether its sender proved that he may send events. */
type Admission =
  | { readonly kind: "refused"; readonly answer: Answer }
  | { readonly kind: "admitted"; readonly isProven: boolean };

/** One delivery's way in. */
export type Intake = {
  /** What can be said by the headers alone, before a body is read. */
  readonly admit: (headers: Headers, client: string) => Admission;
  /** Verifies, parses, decides and stores; the answer is given when all that is durable. */
  readonly receive: (headers: Headers, body: Uint8Array, sender: Sender) => Promise<Answer>;
  /**
   * Takes a delivery that was stored before as a new one: what was decided then may be decided otherwise
   * now. Throws what the store throws.
   */
  readonly replay: (stored: Pick<NewDelivery, "headers" | "body">) => Promise<AcceptOutcome>;
};

/** The intake of GitLab's webhooks, after GitLab's rules for receivers. */
export const createIntake = (given: IntakeOptions): Intake => {
  const { clock, logger } = given;
  const options = { ...given, logger: limitWarnings(logger, clock) };
  const signers = createSigners(clock);
  const read = createDeliveryReader();
  const mayKeep = createFloodGate(clock, (client, leftOut) =>
    options.logger.warn(
      { client, leftOut },
      "Refused deliveries of one address are not shown on the page Deliveries",
    ),
  );
  const receiving = { ...options, signers, read, mayKeep };
  return {
    admit: (headers, client) => admit(headers, client, receiving),
    receive: (headers, body, sender) => receive(headers, body, sender, receiving),
    replay: async ({ headers, body }) => {
      const reading = await read(body, headers["x-gitlab-event"], true);
      const event = reading.kind === "invalid" ? reading : reading.event;
      const isProven = await isProvenAgain(event, options);
      const request = toRequest({ headers, body, isProven }, event, null, options);
      const key = `replay:${newId(options.clock.now())}`;
      return options.accept({ ...request, delivery: { ...request.delivery, key } });
    },
  };
};

/**
 * Secrets are compared before a body is read. A signature is over the body: there the address counts, if its
 * last signature was right. A token that is passed through counts once GitLab took it.
 */
const admit = (headers: Headers, client: string, options: Receiving): Admission => {
  const { signers } = options;
  if (!isJson(headers["content-type"])) return { kind: "refused", answer: answers.wrongContentType };
  // GitLab sends no chunks, which a sender can make so small that each byte costs as much as a packet.
  const unproven: Admission =
    headers["transfer-encoding"] === undefined
      ? { kind: "admitted", isProven: false }
      : { kind: "refused", answer: answers.lengthRequired };
  if (headers["webhook-signature"] !== undefined)
    return signers.isKnown(client) ? { kind: "admitted", isProven: true } : unproven;
  const verification = verifyDelivery(headers, new Uint8Array(), options.clock.now(), options.verify);
  if (verification.kind === "refused") return { kind: "refused", answer: refused(verification, options) };
  const isProven = verification.kind === "verified" || options.tokens.isKnown(verification.token);
  if (isProven) return { kind: "admitted", isProven };
  // What would be refused behind its body is not read.
  return options.tokens.isHeld(client) ? { kind: "refused", answer: answers.tooManyRefused } : unproven;
};

/** Addresses whose last signature was right. */
type Signers = {
  readonly isKnown: (client: string) => boolean;
  readonly note: (client: string, isRight: boolean) => void;
};

const SIGNER_KEPT_MS = 86_400_000;
const MOST_SIGNERS = 1_000;

const createSigners = (clock: Clock): Signers => {
  const known = new Map<string, number>();
  return {
    isKnown: (client) => (known.get(client) ?? 0) > clock.now(),
    note: (client, isRight) => {
      known.delete(client);
      if (isRight) known.set(client, clock.now() + SIGNER_KEPT_MS);
      const [oldest] = known.keys();
      if (known.size > MOST_SIGNERS && oldest !== undefined) known.delete(oldest);
    },
  };
};

type Receiving = IntakeOptions & {
  readonly signers: Signers;
  readonly read: ReadDelivery;
  /** Whether one more refused delivery of an address is kept: everybody who has a token of GitLab can have them refused. */
  readonly mayKeep: (client: string) => boolean;
};

const receive = async (
  headers: Headers,
  body: Uint8Array,
  sender: Sender,
  options: Receiving,
): Promise<Answer> => {
  const verification = verifyDelivery(headers, body, options.clock.now(), options.verify);
  if (headers["webhook-signature"] !== undefined)
    options.signers.note(sender.client, verification.kind === "verified");
  if (verification.kind === "refused") return refused(verification, options);
  const isProven = sender.isProven || verification.kind === "verified";
  const reading = await options.read(body, headers["x-gitlab-event"], isProven);
  if (reading.kind === "invalid" && reading.code !== "payload-invalid") return answers.invalid(reading);
  const read = reading.kind === "invalid" ? reading : reading.event;
  const event = reading.kind === "event" ? reading.event : null;
  const standing = await checkProject(verification, event, sender.client, options);
  if (standing.kind === "denied") {
    if (standing.kept !== null && options.mayKeep(sender.client))
      await keepDenied(headers, standing.kept, options);
    return standing.answer;
  }
  const sent = { headers, body, isProven: standing.kind === "proven" };
  if (event?.kind === "note" || event?.kind === "emoji") await options.identify?.();
  return store(toRequest(sent, read, tokenOf(verification), options), options);
};

const isJson = (contentType: string | undefined): boolean =>
  /^application\/([\w.+-]*\+)?json\s*(;|$)/i.test(contentType ?? "");

const refused = (verification: Verification & { kind: "refused" }, { logger }: IntakeOptions): Answer => {
  logger.warn({ code: verification.code }, "Delivery refused");
  return answers.unauthorized(verification.code, verification.message);
};

/** What is known of the project that an event names. */
type Standing =
  /** Its sender may speak for it. */
  | { readonly kind: "proven" }
  /** Nobody could say what GitLab calls it; that is found out when its run is claimed. */
  | { readonly kind: "unproven" }
  | { readonly kind: "denied"; readonly answer: Answer; readonly kept: Reason | null };

const denied = (answer: Answer, kept: Reason | null = null): Standing => ({ kind: "denied", answer, kept });

/** A secret may be for some projects only, and a token that was passed through has to be proved. */
const checkProject = async (
  verification: Exclude<Verification, { kind: "refused" }>,
  event: DeliveryEvent | null,
  client: string,
  options: IntakeOptions,
): Promise<Standing> => {
  const project = event?.project ?? null;
  if (verification.kind === "verified") {
    if (verification.projects === null) return { kind: "proven" };
    if (project !== null && isProjectAllowed(verification.projects, project.path))
      return checkNamed(project, options);
    const message = `The secret is not for the project ${project?.path ?? "(none)"}: add it to the secret's projects in webhook.secrets or webhook.signing_tokens`;
    const kept = project === null ? null : reasonOf("secret-not-for-project", named(project));
    return denied(answers.unauthorized("secret-not-for-project", message), kept);
  }
  if (project === null)
    return denied(
      answers.unauthorized(
        "project-missing",
        "The event names no project, so that its token cannot be proved",
      ),
    );
  const proof = await options.tokens.prove(verification.token, project.id, client);
  if (proof.kind === "proved") return checkPath(project, proof.projectPath);
  if (proof.kind === "held") return denied(answers.tooManyRefused);
  if (proof.kind === "unavailable")
    return denied(
      answers.unavailable(
        "gitlab-unavailable",
        "GitLab could not be asked about the token; send the event again",
      ),
    );
  if (proof.code === "token-not-of-project") {
    // Its owner sees the project by its right name, which the event need not have.
    const kept = reasonOf(proof.code, { project: proof.projectPath, id: project.id });
    return denied(answers.unauthorized(proof.code, proof.message), kept);
  }
  return denied(
    answers.unauthorized(
      "token-wrong",
      "GitLab does not accept the token in X-Gitlab-Token for this project: put a valid project access token with the scope api into the hook's secret token",
    ),
  );
};

const named = ({ id, path }: EventProject): { readonly id: number; readonly project: string } => ({
  id,
  project: path,
});

/** Secrets are for paths, everything else goes by the id: GitLab is asked what it calls the id. */
const checkNamed = async (project: EventProject, { projects = null }: IntakeOptions): Promise<Standing> => {
  const answer = await projects?.of(project.id);
  return answer?.kind === "known" ? checkPath(project, answer.path) : { kind: "unproven" };
};

/**
 * The path in the payload chooses the flow, and whoever holds a token can write a payload: it has to be
 * the path that GitLab gives the project. What that is is not for whoever names another.
 */
const checkPath = (project: EventProject, path: string): Standing => {
  if (isSamePath(project.path, path)) return { kind: "proven" };
  const message = `The event names the project ${project.path}, but GitLab calls the project ${project.id} otherwise; after a renaming send the event again in a minute`;
  return denied(
    answers.unauthorized("project-path-wrong", message),
    reasonOf("project-path-wrong", named(project)),
  );
};

/** Whether what a stored delivery names is one project, whoever sent it then. */
const isProvenAgain = async (
  reading: DeliveryEvent | InvalidDelivery,
  options: IntakeOptions,
): Promise<boolean> => {
  const { projects = null } = options;
  if (projects === null || reading.kind === "invalid" || reading.project === null) return true;
  return (await checkNamed(reading.project, options)).kind === "proven";
};

/** Keeps that a sender whose secret is right named a project that is not the secret's, and nothing of what was sent. */
const keepDenied = async (headers: Headers, reason: Reason, options: IntakeOptions): Promise<void> => {
  const receivedAtMs = options.clock.now();
  const safe = pickSafeHeaders(headers);
  const delivery: NewDelivery = {
    key: `refused:${newId(receivedAtMs)}`,
    eventName: safe["x-gitlab-event"] ?? "unknown",
    receivedAtMs,
    project: null,
    iid: null,
    headers: safe,
    body: new Uint8Array(),
  };
  try {
    await options.accept({ delivery, decide: () => ({ kind: "ignore", reason }), run: null });
  } catch (error) {
    options.logger.error({ error: describeError(error) }, "Refused delivery could not be stored");
  }
};

const tokenOf = (verification: Verification): Secret | null =>
  verification.kind === "pass-through" ? verification.token : null;

type Sent = {
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Whether the sender may speak for the project that the event names. */
  readonly isProven: boolean;
};

const toRequest = (
  { headers, body, isProven }: Sent,
  reading: DeliveryEvent | InvalidDelivery,
  token: Secret | null,
  options: IntakeOptions,
): AcceptRequest => {
  const delivery: NewDelivery = {
    key: deliveryKey(headers, body),
    eventName: pickSafeHeaders(headers)["x-gitlab-event"] ?? "unknown",
    receivedAtMs: options.clock.now(),
    project:
      reading.kind === "invalid" || reading.project === null
        ? null
        : { id: reading.project.id, path: reading.project.path },
    iid: reading.kind === "invalid" || reading.kind === "other" ? null : reading.iid,
    headers: pickSafeHeaders(headers),
    body,
  };
  const ignore = (reason: Reason): AcceptRequest => ({
    delivery,
    decide: () => ({ kind: "ignore", reason }),
    run: null,
  });
  if (reading.kind === "invalid") return ignore(reasonOf("payload-not-understood", { detail: reading.what }));
  const route = reading.project === null ? null : options.route(reading.project.path);
  const rules = route?.rules ?? null;
  const decision = reading.kind === "emoji" ? decide(reading, rules, NO_HISTORY) : null;
  if (decision?.kind === "reply" && options.learns !== true) return ignore(reasonOf("lessons-off"));
  return {
    delivery,
    decide: (history) =>
      isProven ? decide(reading, rules, history) : decideUnproven(reading, rules, history),
    run:
      route === null || reading.kind === "other"
        ? null
        : {
            flow: route.flow,
            event: toStored(reading, isProven),
            token,
          },
  };
};

const toStored = (event: Exclude<DeliveryEvent, OtherEvent>, isProven: boolean): JsonObject => {
  const stored = event.kind === "merge_request" ? toStoredEvent(event) : toStoredNote(event);
  return isProven ? stored : withUnprovenProject(stored);
};

const store = async (request: AcceptRequest, { accept, logger }: IntakeOptions): Promise<Answer> => {
  let outcome: AcceptOutcome;
  try {
    outcome = await accept(request);
  } catch (error) {
    logger.error({ error: describeError(error) }, "Delivery could not be stored");
    return answers.unavailable("store-unavailable", "The delivery could not be stored; send the event again");
  }
  logger.info(
    {
      ...outcome,
      event: request.delivery.eventName,
      project: request.delivery.project?.path,
      iid: request.delivery.iid,
    },
    "Delivery accepted",
  );
  return answers.accepted(outcome);
};
