import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { AppError } from '../app-error.ts';

const timeoutMs = 15_000;
const maxAnswer = 2000;

/** What is reached only inside of a network: RFC 1918, 4193, 6598, 3927, loopback, and what is no unicast address at all. */
const inside = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(net, prefix, 'ipv6');

/** Whether an address leads into a private network. One that is mapped into IPv6 is judged as what it is. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return isPrivateAddress(mapped);
  return isIP(address) === 4 ? inside.check(address, 'ipv4') : inside.check(address, 'ipv6') || /^::ffff:/i.test(address);
}

const refused = (host: string) => new AppError('address_not_allowed', `${host} is an address of a private network.`, { field: 'url' });

/** Looks a name up and refuses it where any of its addresses is private: the very addresses that are then connected to. */
const publicLookup: LookupFunction = (host, options, done) => {
  dnsLookup(host, { ...options, all: true }, (error, found) => {
    const addresses = (found ?? []) as LookupAddress[];
    if (error) return done(error, '', 0);
    if (!addresses.length || addresses.some(({ address }) => isPrivateAddress(address))) return done(refused(host), '', 0);
    const first = addresses[0] as LookupAddress;
    if (options.all) (done as unknown as (error: null, all: LookupAddress[]) => void)(null, addresses);
    else done(null, first.address, first.family);
  });
};

export type SafePost = (url: string, how: { headers: Record<string, string>; body: string | Buffer }) => Promise<{ status: number; text: string }>;

/**
 * Posts to an address that a person gave. Follows no redirect. Throws AppError `address_not_allowed` where it
 * leads into a private network and that is not allowed, or the error of the connection.
 */
export function createSafePost({ allowPrivate }: { allowPrivate: boolean }): SafePost & { check(url: string): Promise<void> } {
  /** Throws AppError `address_not_allowed`. A name that cannot be looked up now passes: it is looked up again at each call. */
  async function check(url: string): Promise<void> {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    if (allowPrivate) return;
    if (isIP(host)) {
      if (isPrivateAddress(host)) throw refused(host);
      return;
    }
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
