import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AppError } from '../app-error.ts';

const timeoutMs = 15_000;
const maxAnswer = 2000;

type Net = readonly [net: string, prefix: number];

function toBlockList(family: 'ipv4' | 'ipv6', nets: readonly Net[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, family);
  return list;
}

/**
 * IPv4 addresses that are not global unicast, by the registry of special-purpose addresses (RFC 6890 and
 * later).
 */
const special4 = toBlockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
]);

/** All of global unicast in IPv6. What is outside of it is private, mapped, translated or unassigned. */
const global6 = toBlockList('ipv6', [['2000::', 3]]);

/**
 * What of it leads elsewhere: Teredo and other protocols, 6to4 (which holds an IPv4 address), documentation.
 */
const special6 = toBlockList('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

/** Whether an address is anything but a public one. IPv4 that is mapped into IPv6 is judged as what it is. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return isPrivateAddress(mapped);
  const family = isIP(address);
  if (family === 4) return special4.check(address, 'ipv4');
  return (
    family !== 6 ||
    address.includes('%') ||
    !global6.check(address, 'ipv6') ||
    special6.check(address, 'ipv6')
  );
}

/** Whether an address is one of this machine: a public one leads to its own services as well. */
function isOwnAddress(address: string): boolean {
  const own = new BlockList();
  for (const { address: found, family } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    own.addAddress(found.replace(/%.*$/, ''), family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return own.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const isRefused = (address: string) => isPrivateAddress(address) || isOwnAddress(address);

const refused = (host: string) =>
  new AppError('address_not_allowed', `${host} is an address of this machine or of a private network.`, {
    field: 'url',
  });

/** Finds all addresses of a name. */
export type LookUpAll = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Looks a name up and refuses it if any of its addresses is private or our own. A connection is made to the
 * very addresses that it gives, so a name that has another answer in between (DNS rebinding) gains nothing.
 */
const toPublicLookup =
  (lookUp: LookUpAll): LookupFunction =>
  (host, options, done) => {
    lookUp(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      const [first] = addresses;
      if (!first || addresses.some(({ address }) => isRefused(address))) return done(refused(host), '', 0);
      if (options.all) (done as unknown as (error: null, all: LookupAddress[]) => void)(null, addresses);
      else done(null, first.address, first.family);
    });
  };

/** A host as it is compared: without brackets, and without the dot that ends a full name. */
const hostOf = (url: string) =>
  new URL(url).hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/(?<!\.)\.+$/, '');

/** Names that mean this machine wherever they are looked up (RFC 6761). */
const isLocalName = (host: string) => host === '' || host === 'localhost' || host.endsWith('.localhost');

export type SafePost = (
  url: string,
  how: { headers: Record<string, string>; body: string | Buffer },
) => Promise<{ status: number; text: string }>;

/**
 * Posts to an address that a person gave. Follows no redirect. Throws AppError `address_not_allowed` if it
 * leads into a private network or to this machine and that is not allowed, or the error of the connection.
 * `publicUrl` is where this server is reached from outside.
 */
export function createSafePost({
  allowPrivate,
  publicUrl,
  lookUp = dnsLookup,
}: {
  allowPrivate: boolean;
  publicUrl(): string | null;
  lookUp?: LookUpAll;
}): SafePost & {
  check(url: string): Promise<void>;
} {
  const publicLookup = toPublicLookup(lookUp);

  /**
   * Throws AppError `address_not_allowed`. A name that cannot be looked up now passes: it is looked up again
   * at each call.
   */
  async function check(url: string): Promise<void> {
    if (allowPrivate) return;
    const host = hostOf(url);
    const own = publicUrl();
    if (isLocalName(host) || (own && host === hostOf(own)) || (isIP(host) && isRefused(host)))
      throw refused(host);
    if (isIP(host)) return;
    await new Promise<void>((resolve, reject) =>
      publicLookup(host, { all: false }, (error) => (error instanceof AppError ? reject(error) : resolve())),
    );
  }

  const post: SafePost = async (url, { headers, body }) => {
    await check(url);
    // Loaded when first used: TLS costs 4 MB of memory.
    const request = url.startsWith('https:') ? (await import('node:https')).request : httpRequest;
    return new Promise((resolve, reject) => {
      const sending = request(
        url,
        {
          method: 'POST',
          headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
          timeout: timeoutMs,
          ...(allowPrivate ? {} : { lookup: publicLookup }),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text = (text + chunk).slice(0, maxAnswer);
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          response.on('error', reject);
        },
      );
      sending.on('timeout', () => sending.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
      sending.on('error', reject);
      sending.end(body);
    });
  };
  return Object.assign(post, { check });
}
