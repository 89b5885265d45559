import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { checkConnection, checkName, parseEgressPolicy } from "../../src/egress/egress-policy.ts";
import { ConfigError } from "../../src/base/errors.ts";

const CLOSED = parseEgressPolicy([]);
const isOpen = (address: string, allow: readonly string[] = [], host = "any.example", port = 443): boolean =>
  checkConnection(parseEgressPolicy(allow), { host, port }, address).ok;

describe("checkConnection", () => {
  const GUARDED = [
    ["loopback", "127.0.0.1"],
    ["loopback elsewhere in its network", "127.8.9.1"],
    ["unspecified", "0.0.0.0"],
    ["this network", "0.1.2.3"],
    ["private 10/8", "10.0.0.1"],
    ["private 172.16/12", "172.31.255.255"],
    ["private 192.168/16", "192.168.1.1"],
    ["link-local", "169.254.1.1"],
    ["metadata", "169.254.169.254"],
    ["Azure's wire server, a public-looking address", "168.63.129.16"],
    ["CGNAT", "100.64.0.1"],
    ["Alibaba's metadata", "100.100.100.200"],
    ["benchmarking", "198.18.0.1"],
    ["documentation", "192.0.2.1"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["IPv6 loopback", "::1"],
    ["IPv6 unspecified", "::"],
    ["IPv6 link-local", "fe80::1"],
    ["IPv6 site-local", "fec0::1"],
    ["unique-local", "fd12:3456::1"],
    ["AWS metadata on IPv6", "fd00:ec2::254"],
    ["IPv6 multicast", "ff02::1"],
    ["mapped loopback", "::ffff:127.0.0.1"],
    ["mapped private in hex", "::ffff:a00:1"],
    ["mapped metadata", "::ffff:169.254.169.254"],
    ["IPv4-compatible loopback", "::127.0.0.1"],
    ["NAT64 of loopback", "64:ff9b::7f00:1"],
    ["NAT64 of metadata", "64:ff9b::a9fe:a9fe"],
    ["local NAT64", "64:ff9b:1::808:808"],
    ["6to4 of private", "2002:0a00:0001::"],
    ["Teredo", "2001:0:1234::1"],
    ["documentation IPv6", "2001:db8::1"],
    ["outside of the space given out", "4000::1"],
    ["no address at all", "example.com"],
    ["octal that a lenient resolver would take", "0177.0.0.1"],
  ] as const;
  for (const [what, address] of GUARDED) {
    it(`refuses ${what}: ${address}`, () => assert.equal(isOpen(address), false));
  }

  for (const address of ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]) {
    it(`lets the public address ${address} through`, () => assert.equal(isOpen(address), true));
  }

  it("refuses every IPv4 address below private prefixes, however it is wrapped into IPv6", () => {
    const privateV4 = fc.tuple(fc.constantFrom("10", "127"), fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(privateV4, fc.constantFrom("", "::ffff:", "64:ff9b::", "::"), (parts, prefix) => {
        assert.equal(isOpen(`${prefix}${parts.join(".")}`), false);
      }),
      { numRuns: 200 },
    );
  });

  it("opens listed addresses and networks, in both families and through mapping", () => {
    assert.equal(isOpen("10.1.2.3", ["10.1.2.3"]), true);
    assert.equal(isOpen("10.1.2.4", ["10.1.2.3"]), false);
    assert.equal(isOpen("10.9.9.9", ["10.0.0.0/8"]), true);
    assert.equal(isOpen("::ffff:10.9.9.9", ["10.0.0.0/8"]), true);
    assert.equal(isOpen("fd12::5", ["fd12::/16"]), true);
    assert.equal(isOpen("fd13::5", ["fd12::/16"]), false);
  });

  it("opens a listed name whatever private address it has, and no other name of the same address", () => {
    assert.equal(isOpen("10.1.2.3", ["gitlab.corp"], "gitlab.corp"), true);
    assert.equal(isOpen("10.1.2.3", ["gitlab.corp"], "evil.example"), false);
    assert.equal(isOpen("10.1.2.3", ["*.corp"], "gitlab.corp"), true);
    assert.equal(isOpen("10.1.2.3", ["*.corp"], "corp"), false);
    assert.equal(isOpen("10.1.2.3", ["*.corp"], "evilcorp"), false);
  });

  it("keeps an entry with a port to that port", () => {
    assert.equal(isOpen("10.1.2.3", ["gitlab.corp:8443"], "gitlab.corp", 8443), true);
    assert.equal(isOpen("10.1.2.3", ["gitlab.corp:8443"], "gitlab.corp", 443), false);
    assert.equal(isOpen("fd00::1", ["[fd00::1]:8080"], "x", 8080), true);
    assert.equal(isOpen("fd00::1", ["[fd00::1]:8080"], "x", 80), false);
    assert.equal(isOpen("10.1.2.3", ["10.0.0.0/8:9000"], "x", 9000), true);
    assert.equal(isOpen("10.1.2.3", ["10.0.0.0/8:9000"], "x", 9001), false);
  });

  it("opens a metadata service only by its own address or name", () => {
    assert.equal(isOpen("169.254.169.254", ["169.254.0.0/16"]), false);
    assert.equal(isOpen("169.254.169.254", ["0.0.0.0/0"]), false);
    assert.equal(isOpen("169.254.169.254", ["harmless.example"], "harmless.example"), false);
    assert.equal(isOpen("169.254.169.254", ["169.254.169.254"]), true);
    assert.equal(isOpen("169.254.169.254", ["metadata.google.internal"], "metadata.google.internal"), true);
  });
});

describe("checkName", () => {
  it("refuses the names of metadata services before they are resolved", () => {
    assert.equal(checkName(CLOSED, { host: "metadata.google.internal", port: 80 }).ok, false);
    assert.equal(checkName(CLOSED, { host: "gitlab.com", port: 443 }).ok, true);
  });
});

describe("parseEgressPolicy", () => {
  it("names every entry that it cannot read", () => {
    assert.throws(
      () => parseEgressPolicy(["ok.example", "http://x", "10.0.0.0/99", "host:0", "", "999.1.1.1", "a b"]),
      (error: unknown) => error instanceof ConfigError && error.problems.length === 6,
    );
  });
});
