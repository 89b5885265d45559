import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createServer } from "node:tls";
import { z } from "zod";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { runCommand } from "../cli/run-command.ts";
import { SECRET } from "../e2e/start.ts";
import { setUpEmbedded } from "../e2e/start-embedded.ts";
import { createTeam } from "../e2e/team.ts";

/** A value of DER: its tag, its length, what it holds. */
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const held = Buffer.concat(parts);
  const { length } = held;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), held]);
};
const hex = (text: string): Buffer => Buffer.from(text, "hex");
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const ECDSA_WITH_SHA256 = sequence(der(0x06, hex("2a8648ce3d040302")));
const YES = hex("0101ff");

const extension = (oid: string, value: Buffer): Buffer =>
  sequence(der(0x06, hex(oid)), YES, der(0x04, value));

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

/** A certificate for 127.0.0.1 that is its own authority (RFC 5280), with its key. */
const selfSigned = (): { readonly cert: string; readonly key: string } => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(
    der(0x31, sequence(der(0x06, hex("550403")), der(0x0c, Buffer.from("own authority")))),
  );
  const times = ["20200101000000Z", "20990101000000Z"].map((time) => der(0x18, Buffer.from(time)));
  const isAuthority = extension("551d13", sequence(YES));
  const address = extension("551d11", sequence(der(0x87, hex("7f000001"))));
  const body = sequence(
    der(0xa0, hex("020102")),
    hex("020101"),
    ECDSA_WITH_SHA256,
    name,
    sequence(...times),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(isAuthority, address)),
  );
  const signature = der(0x03, hex("00"), sign("sha256", body, privateKey));
  return {
    cert: pem(sequence(body, ECDSA_WITH_SHA256, signature)),
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
};

suite("bug 44: GitLab and the model have certificates of an own authority", () => {
  const stack = new AsyncDisposableStack();
  const certificate = selfSigned();
  after(() => stack.disposeAsync());

  /** The same server behind TLS. */
  const secured = async (url: string): Promise<string> => {
    const { port, pathname } = new URL(url);
    const server = createServer(certificate, (socket) => {
      const inner = connect(Number(port), "127.0.0.1");
      socket.pipe(inner).pipe(socket);
      socket.on("error", () => inner.destroy());
      inner.on("error", () => socket.destroy());
      socket.on("close", () => inner.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    stack.defer(() => void server.close());
    const bound = z.object({ port: z.number() }).parse(server.address());
    return `https://127.0.0.1:${bound.port}${pathname === "/" ? "" : pathname}`;
  };

  let doctor: (environment: Readonly<Record<string, string>>) => ReturnType<typeof runCommand>;
  let file = "";
  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-authority-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    file = join(folder, "authority.pem");
    await writeFile(file, certificate.cert);
    const gitlab = stack.use(await startGitLabStandIn());
    const model = stack.use(await startModelStandIn());
    const team = await createTeam(gitlab);
    const setup = stack.use(await setUpEmbedded(team, { ...model, url: await secured(model.url) }));
    const url = await secured(gitlab.url);
    doctor = (environment) =>
      runCommand(["doctor", "--config", setup.configFile], {
        ...setup.environment,
        GITLAB_URL: url,
        WEBHOOK_SECRET: SECRET,
        ...environment,
      });
  });

  test("without the authority both are named with NODE_EXTRA_CA_CERTS", async () => {
    const { code, stdout } = await doctor({});
    assert.equal(code, 1);
    const failed = stdout.split("\n").filter((line) => line.startsWith("✗"));
    assert.equal(failed.length, 2, stdout);
    for (const line of failed) assert.match(line, /NODE_EXTRA_CA_CERTS/);
  });

  test("with it both are reached", async () => {
    const { code, stdout } = await doctor({ NODE_EXTRA_CA_CERTS: file });
    assert.equal(code, 0, stdout);
    assert.doesNotMatch(stdout, /^✗/mu);
  });
});
