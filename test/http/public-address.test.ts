import test from 'ava'
import ipaddr from 'ipaddr.js'
import { isPublic } from '#http/public-address.ts'

/** https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast (RFC 5771) and Azure's host agent. */
const ipv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/**
 * https://www.iana.org/assignments/iana-ipv6-special-registry, with multicast (RFC 4291), site-local addresses
 * (RFC 3879) and the forms that embed an IPv4 address (RFC 4291, RFC 2765).
 */
const ipv6 = [
  '::/128',
  '::1/128',
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001::/32',
  '2001:1::1/128',
  '2001:1::2/128',
  '2001:1::3/128',
  '2001:2::/48',
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:10::/28',
  '2001:20::/28',
  '2001:30::/28',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

const mapped = ipv4.map((range) => {
  const [address, bits] = ipaddr.IPv4.parseCIDR(range)
  return `${address.toIPv4MappedAddress().toString()}/${bits + 96}`
})

for (const range of [...ipv4, ...ipv6, ...mapped])
  test(`no address of ${range} is public`, (t) => {
    const [first, last] = edgesOf(range)
    t.false(isPublic(first), first)
    t.false(isPublic(last), last)
  })

function edgesOf(range: string): [string, string] {
  const [address, bits] = ipaddr.parseCIDR(range)
  const bytes = address.toByteArray()
  const last = bytes.map(
    (byte, index) => byte | (0xff >> Math.min(8, Math.max(0, bits - 8 * index))),
  )
  return [ipaddr.fromByteArray(bytes).toString(), ipaddr.fromByteArray(last).toString()]
}

test('addresses beside these ranges are public', (t) => {
  const open = [
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '93.184.215.14',
    '168.63.129.15',
    '168.63.129.17',
    '172.32.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '::ffff:1.1.1.1',
    '2001:200::1',
    '2606:2800:21f:cb07::1',
    '2a00:1450:4001:81b::200e',
  ]
  t.deepEqual(
    open.filter((address) => !isPublic(address)),
    [],
  )
})

test('other spellings of a private address, and what is no address, are not public', (t) => {
  const closed = ['2130706433', '0x7f.1', '0177.0.0.1', 'fe80::1%lo', '[::1]', '', 'nonsense']
  t.deepEqual(closed.filter(isPublic), [])
})
