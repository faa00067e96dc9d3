import test from 'ava'
import { canonicalAddress, networksOf } from '#lib/addresses.ts'

test('every spelling of an address becomes one, and what is no address is none', (t) => {
  const spellings = {
    '2001:db8::7': ['2001:DB8::7', '2001:0db8:0:0::7', '2001:db8:0:0:0:0:0:7', '2001:db8::7%eth0'],
    '2001:db8:0:1::1': ['2001:db8::1:0:0:0:1', '2001:db8:0:1:0:0:0.0.0.1'],
    '203.0.113.7': [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::FFFF:cb00:7107',
      '0::0:ffff:203.0.113.7',
    ],
  }
  for (const [canonical, all] of Object.entries(spellings))
    for (const one of all) t.is(canonicalAddress(one), canonical, one)
  for (const none of ['', 'x', '1.2.3', '010.0.0.1', '0x7f.1', '2130706433', '::1::', '1.2.3.4:80'])
    t.is(canonicalAddress(none), undefined, none)
})

test('an IPv4 address counts as itself', (t) => {
  t.deepEqual(networksOf('203.0.113.7'), [{ name: '203.0.113.7', share: 1 }])
})

test('an IPv6 address counts as its /64, its /56 and its /48', (t) => {
  t.deepEqual(networksOf('2001:db8:1:2a5:3::4'), [
    { name: '2001:db8:1:2a5::/64', share: 1 },
    { name: '2001:db8:1:200::/56', share: 4 },
    { name: '2001:db8:1::/48', share: 16 },
  ])
})

test('the networks do not depend on where the zeros of an address are', (t) => {
  const names = (address: string) => networksOf(address).map(({ name }) => name)
  t.deepEqual(names('::1'), ['0:0:0:0::/64', '0:0:0:0::/56', '0:0:0::/48'])
  t.deepEqual(names('::2:3:4:5:6:7'), ['0:0:2:3::/64', '0:0:2:0::/56', '0:0:2::/48'])
  t.deepEqual(names('2001:db8::'), names('2001:db8::1:2:3:4'))
  t.deepEqual(names('1:0:0:2::3'), ['1:0:0:2::/64', '1:0:0:0::/56', '1:0:0::/48'])
})
