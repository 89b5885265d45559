import ipaddr from "ipaddr.js";

/** An address in one form, whatever notation it came in. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Why an address may not be reached unless it is listed. */
export type AddressVerdict = { readonly kind: "public" } | { readonly kind: "guarded"; readonly why: string };

/**
 * Where clouds answer with a machine's credentials: AWS, Google, Azure and most others (169.254.169.254),
 * AWS on IPv6 and for containers, Google on IPv6, Alibaba, Oracle, Azure's wire server.
 */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "192.0.0.192",
  "168.63.129.16",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
]);

/** Names under which clouds offer the same. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "metadata.azure.internal",
  "metadata.tencentyun.com",
  "instance-data",
  "instance-data.ec2.internal",
]);

/** The library's names of ranges under those that messages have; others stay as they are. */
const RANGES: Readonly<Record<string, string>> = {
  deprecatedSiteLocal: "siteLocal",
  "6to4": "tunnel",
  teredo: "tunnel",
  rfc6052: "translated",
  rfc6145: "translated",
};

/** 2000::/3, the only IPv6 space that is given out for the public (IANA's IPv6 address space registry). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
/** The well-known NAT64 prefix (RFC 6052); the last 32 bits are the IPv4 address that is reached. */
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/**
 * The address that a text stands for, null when it is none. IPv4 must be dotted decimal, as
 * operating systems and URL parsing give it; an IPv4 address mapped into IPv6 becomes IPv4; brackets are ignored.
 */
export const parseAddress = (text: string): Address | null => {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  if (!bare.includes(":") || !ipaddr.IPv6.isValid(bare)) return null;
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
};

const isV4 = (address: Address): address is ipaddr.IPv4 => address.kind() === "ipv4";

/** The IPv4 address that a NAT64 gateway would reach, null for all other addresses. */
const translated = (address: Address): ipaddr.IPv4 | null => {
  if (isV4(address) || !address.match(NAT64)) return null;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
};

/** Whether cloud machines offer credentials at this address. */
export const isMetadataAddress = (address: Address): boolean =>
  METADATA_ADDRESSES.has((translated(address) ?? address).toString());

/** Whether cloud machines offer credentials under this name. */
export const isMetadataName = (name: string): boolean => METADATA_NAMES.has(name);

/**
 * Whether an address belongs to the public Internet. Guarded are private, loopback, link-local, CGNAT,
 * multicast, reserved and tunnel addresses, metadata services, and NAT64 addresses of such ones.
 */
export const classifyAddress = (address: Address): AddressVerdict => {
  if (isMetadataAddress(address)) return { kind: "guarded", why: "metadata" };
  const inner = translated(address);
  if (inner !== null) return classifyAddress(inner);
  const range: string = address.range();
  if (range === "unicast" && (isV4(address) || address.match(GLOBAL_UNICAST))) return { kind: "public" };
  return { kind: "guarded", why: RANGES[range] ?? range };
};
