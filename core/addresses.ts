import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { SetupError } from './errors.ts'

/** Where no request may ever go: link-local networks and the clouds' metadata services, multicast, reserved. */
const FORBIDDEN = blockList([
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '224.0.0.0/3',
  'fe80::/10',
  'fec0::/10',
  'fd00:ec2::254/128',
  'ff00::/8',
])

/** Where only sandboxes and labs may be (`allowPrivate`). IANA's special-purpose registries. */
const PRIVATE = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '::/127',
  '::ffff:0:0:0/96',
  '64:ff9b:1::/48',
  'fc00::/7',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
])

/** Services that speak something else than HTTP and can be harmed by it. */
const OTHER_PROTOCOLS = new Set([
  1433, 1521, 2375, 2379, 3306, 3389, 5432, 5672, 6379, 9042, 9200, 11211, 27017,
])

export type AddressVerdict = 'public' | 'private' | 'forbidden'

/** Judges a numeric address; IPv6 that carries an IPv4 address (mapped, NAT64, 6to4) is judged by that. */
export function judgeAddress(address: string): AddressVerdict {
  const bare = address.split('%')[0]!
  const family = isIP(bare)
  if (family === 0) return 'forbidden'
  if (family === 4) return judge(bare, 'ipv4')
  const embedded = embeddedIPv4(bare)
  return embedded === undefined ? judge(bare, 'ipv6') : judge(embedded, 'ipv4')
}

/**
 * Checks a remote's base URL as it is configured. Raises SetupError `REMOTE_ADDRESS`, naming what is wrong.
 * `allowPrivate`: plain http, private and loopback addresses and any port are allowed; metadata services never.
 */
export function checkBaseUrl(baseUrl: string, options: { remote: string; allowPrivate?: boolean }): URL {
  const { remote, allowPrivate = false } = options
  const refuse = (what: string, hint?: string): never => {
    throw new SetupError('REMOTE_ADDRESS', `the address of ${remote} ${what}`, {
      at: 'baseUrl',
      remote,
      ...(hint === undefined ? {} : { hint }),
    })
  }
  if (!URL.canParse(baseUrl)) refuse('is no URL', 'write it as https://lms.example.org')
  const url = new URL(baseUrl)
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    refuse(`begins with ${url.protocol}`, allowPrivate ? 'use https: or http:' : 'use https:')
  if (url.username !== '' || url.password !== '') refuse('holds a user name or password', 'remove it')
  if (url.search !== '' || url.hash !== '') refuse('holds a query or a fragment', 'remove it')
  const host = hostOf(url)
  const verdict = isIP(host) === 0 ? judgeName(host) : judgeAddress(host)
  if (verdict === 'forbidden') refuse(`is ${host}, which is never allowed`)
  if (verdict === 'private' && !allowPrivate)
    refuse(`is ${host}, a private address`, 'use the public name, or allow it with "allowPrivate": true')
  const port = Number(url.port || 443)
  if (!allowPrivate && ((port < 1024 && port !== 443 && port !== 80) || OTHER_PROTOCOLS.has(port)))
    refuse(`names port ${port}, which is no web server's`)
  return url
}

/** An error of the look-up, told apart by `code` from those of the name service. */
export const ADDRESS_REFUSED = 'WASL_ADDRESS_REFUSED'

/**
 * The look-up of every connection: what it hands to the socket is what was judged, so a name that changes its
 * address between check and use (rebinding) changes nothing. One wrong address among several refuses all.
 */
export function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0)
      const wrong = addresses.find(({ address }) => {
        const verdict = judgeAddress(address)
        return verdict === 'forbidden' || (verdict === 'private' && !allowPrivate)
      })
      const first = addresses[0]
      if (wrong !== undefined || first === undefined) {
        const refusal = new Error(`${hostname} has the address ${wrong?.address ?? '(none)'}`)
        return callback(Object.assign(refusal, { code: ADDRESS_REFUSED }), '', 0)
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

function judgeName(host: string): AddressVerdict {
  if (host === '' || host === 'metadata' || host === 'metadata.google.internal') return 'forbidden'
  return host === 'localhost' || host.endsWith('.localhost') ? 'private' : 'public'
}

function judge(address: string, type: 'ipv4' | 'ipv6'): AddressVerdict {
  if (FORBIDDEN.check(address, type)) return 'forbidden'
  return PRIVATE.check(address, type) ? 'private' : 'public'
}

function embeddedIPv4(address: string): string | undefined {
  const groups = expand(address)
  const [high, low] =
    isPrefix(groups, [0, 0, 0, 0, 0, 0xffff]) || // mapped
    isPrefix(groups, [0x64, 0xff9b, 0, 0, 0, 0]) || // NAT64
    (isPrefix(groups, [0, 0, 0, 0, 0, 0]) && groups[6]! > 0) // the old "compatible" form
      ? [groups[6]!, groups[7]!]
      : groups[0] === 0x2002 // 6to4
        ? [groups[1]!, groups[2]!]
        : []
  return high === undefined || low === undefined
    ? undefined
    : `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

const isPrefix = (groups: number[], prefix: number[]): boolean =>
  prefix.every((value, index) => groups[index] === value)

/** The eight groups of a valid IPv6 address; the URL parser writes each of its spellings in one way. */
function expand(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].map(group => Number.parseInt(group, 16))
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/')
    list.addSubnet(address!, Number(bits), address!.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}
