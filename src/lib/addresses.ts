import { isIP, SocketAddress } from 'node:net'

/**
 * The canonical text of an IP address (RFC 5952), so that equal addresses are equal strings. IPv4-mapped IPv6 becomes IPv4,
 * and a zone (`%eth0`) is dropped. Undefined for anything that is not an address.
 */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text)
  if (family !== 6) return family === 4 ? text : undefined
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}

export interface Network {
  name: string
  /** How many times the limit of a single address this network gets. */
  share: number
}

/**
 * The networks that a canonical address is counted by, narrowest first. IPv4 is counted by address. In IPv6 a host picks the
 * lower 64 bits itself (RFC 4291 §2.5.1), so a /64 is one sender. Customers often get a /56, and anyone can get a /48: 256
 * and 65,536 senders. Because unrelated people share them too, they get 4 and 16 times the limit.
 */
export function networksOf(address: string): Network[] {
  if (isIP(address) !== 6) return [{ name: address, share: 1 }]
  const [a, b, c, d = ''] = groupsOf(address)
  const upper = (Number.parseInt(d, 16) & 0xff00).toString(16)
  return [
    { name: `${a}:${b}:${c}:${d}::/64`, share: 1 },
    { name: `${a}:${b}:${c}:${upper}::/56`, share: 4 },
    { name: `${a}:${b}:${c}::/48`, share: 16 },
  ]
}

function groupsOf(address: string): string[] {
  const [left = [], right] = address.split('::').map((half) => half.split(':').filter(Boolean))
  if (!right) return left
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
}
