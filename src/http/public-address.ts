import ipaddr from 'ipaddr.js'

/**
 * Ranges that ipaddr.js calls `unicast` and that must not be fetched all the same. What IANA's two registries of
 * special-purpose addresses list within the rest comes from ipaddr.js; the tests hold the registries against both.
 *
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const closedRanges = [
  // All of IPv6 except 2000::/3, the only block that is assigned for global unicast. Among the rest are `::a.b.c.d`,
  // NAT64, fec0::/10 and whatever is registered there later.
  // https://www.iana.org/assignments/ipv6-address-space
  '::/3',
  '4000::/2',
  '8000::/1',
  // Azure's host agent, which gives a virtual machine its secrets.
  // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  '168.63.129.16/32',
].map((range) => ipaddr.parseCIDR(range))

/** Whether an address is on the open internet: neither private, local or reserved, nor one that embeds such an address. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  // An IPv4-mapped IPv6 address is judged as the IPv4 address.
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return ipaddr.subnetMatch(parsed, { closed: closedRanges }, 'open') === 'open'
}
