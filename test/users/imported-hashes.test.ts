import { hash as hashArgon2, argon2d, argon2i, argon2id } from 'argon2'
import test from 'ava'
import { hash as hashBcrypt } from 'bcryptjs'
import { importedScheme, verifyImported } from '#users/imported-hashes.ts'
import { createPasswords } from '#users/passwords.ts'

const pbkdf2 = 'pbkdf2_sha256$26000$Zx81salt$sIlMYdhphsqtyJ1EbpiY6orapT7az4axIBAEByIE2V0='
const scrypt =
  '$scrypt$ln=10,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$RBjCXYboo4yjHH0P1K75vrL4xGciLt6io+o2v0yqSlo'
const djangoScryptHash =
  'Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw=='

/** Published ones, and ones of Python's hashlib. */
const vectors = [
  {
    from: 'crypt_blowfish',
    scheme: 'bcrypt',
    password: 'U*U',
    hash: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  },
  {
    from: 'the tests of Django',
    scheme: 'pbkdf2_sha256',
    password: 'lètmein',
    hash: 'pbkdf2_sha256$1200000$seasalt$6sTlFi4QohxXLuZigqDIUNX8xG9NxrTmV8+flFQdBqE=',
  },
  { from: 'hashlib', scheme: 'pbkdf2_sha256', password: 'correct horse', hash: pbkdf2 },
  {
    from: 'the tests of Django',
    scheme: 'scrypt',
    password: 'lètmein',
    hash: `scrypt$16384$seasalt$8$1$${djangoScryptHash}`,
  },
  {
    from: 'the same, with the salt first',
    scheme: 'scrypt',
    password: 'lètmein',
    hash: `scrypt$seasalt$16384$8$1$${djangoScryptHash}`,
  },
  {
    from: 'the documentation of passlib',
    scheme: 'scrypt',
    password: 'password',
    hash: '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
  },
  { from: 'hashlib', scheme: 'scrypt', password: 'correct horse', hash: scrypt },
] as const

for (const { from, scheme, password, hash } of vectors) {
  test(`verifyImported() knows a ${scheme} password (${from}: ${hash.slice(0, 24)}…) and no other`, async (t) => {
    t.is(importedScheme(hash), scheme)
    t.true(await verifyImported(hash, password))
    t.false(await verifyImported(hash, `${password}x`))
    t.false(await verifyImported(hash, ''))
  })
}

test('verifyImported() reads every spelling of bcrypt alike, and 72 bytes of a password as bcrypt does', async (t) => {
  const made = await hashBcrypt('correct horse', 4)
  for (const prefix of ['$2a$', '$2b$', '$2y$']) {
    const hash = prefix + made.slice(4)
    t.is(importedScheme(hash), 'bcrypt')
    t.true(await verifyImported(hash, 'correct horse'), prefix)
    t.false(await verifyImported(hash, 'correct house'), prefix)
  }
  const long = await hashBcrypt('é'.repeat(36), 4)
  t.true(await verifyImported(long, `${'é'.repeat(36)} and what no bcrypt ever looked at`))
  t.false(await verifyImported(long, 'é'.repeat(35)))
})

test('verifyImported() reads every variant of argon2', async (t) => {
  for (const type of [argon2d, argon2i, argon2id] as const) {
    const options = { type, memoryCost: 1024, timeCost: 2, parallelism: 1 }
    const hash = await hashArgon2('correct horse', options)
    t.is(importedScheme(hash), 'argon2', hash)
    t.true(await verifyImported(hash, 'correct horse'))
    t.false(await verifyImported(hash, 'correct house'))
  }
})

const argon2 = (costs: string, version = 'v=19$') =>
  `$argon2id$${version}${costs}$c29tZXNhbHRzYWx0$RdescudvJCsgt3ub+b+dWRWJTmaaJObG`

const hostile = {
  'bcrypt that takes years': `$2b$31$${'a'.repeat(53)}`,
  'bcrypt of another spelling': `$2x$05$${'a'.repeat(53)}`,
  'bcrypt that is cut': '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe',
  'argon2 with 4 GiB': argon2('m=4194304,t=1,p=1'),
  'argon2 with a million passes': argon2('m=65536,t=1000000,p=1'),
  'argon2 with too many lanes': argon2('m=65536,t=1,p=255'),
  'argon2 without passes': argon2('m=65536,t=0,p=1'),
  'argon2 with a cost twice': argon2('m=65536,m=1,t=1'),
  'argon2 with a comma too many': argon2('m=65536,t=1,p=1,'),
  'argon2 of a version to come': argon2('m=65536,t=1,p=1', 'v=20$'),
  'argon2 with a hash of 3 bytes': '$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHRzYWx0$AAAA',
  'pbkdf2 with a billion iterations': pbkdf2.replace('$26000$', '$999999999$'),
  'pbkdf2 without iterations': pbkdf2.replace('$26000$', '$0$'),
  'pbkdf2 with an empty hash': 'pbkdf2_sha256$26000$salt$',
  'scrypt with 1 GiB': scrypt.replace('ln=10', 'ln=20'),
  'scrypt with ln=63': scrypt.replace('ln=10', 'ln=63'),
  'scrypt with many lanes': scrypt.replace('p=2', 'p=30000'),
  'scrypt with large blocks': scrypt.replace('r=8', 'r=99999'),
  'scrypt with no power of two': `scrypt$16383$seasalt$8$1$${djangoScryptHash}`,
  'scrypt with a hash of 3 bytes': 'scrypt$16384$seasalt$8$1$AAAA',
  'a hash longer than its column': `pbkdf2_sha256$26000$${'s'.repeat(600)}$${'A'.repeat(43)}=`,
  'a plain password': 'correct horse',
  'an unusable one of Django': '!',
  MD5: '5f4dcc3b5aa765d61d8327deb882cf99',
  nothing: '',
}

for (const [what, hash] of Object.entries(hostile)) {
  test(`importedScheme() has none for ${what}, and nothing fits it, at once`, async (t) => {
    t.is(importedScheme(hash), undefined)
    const started = performance.now()
    t.false(await verifyImported(hash, 'correct horse'))
    t.true(performance.now() - started < 1000)
  })
}

const passwords = createPasswords({ memoryKib: 8192, timeCost: 1, parallelism: 1, queueMax: 100 })

test('Passwords verify an imported hash and call it outdated, so that the next sign-in replaces it', async (t) => {
  const hashes = [
    pbkdf2,
    scrypt,
    await hashBcrypt('correct horse', 4),
    await hashArgon2('correct horse', {
      type: argon2i,
      memoryCost: 8192,
      timeCost: 1,
      parallelism: 1,
    }),
  ]
  for (const stored of hashes) {
    t.true(await passwords.verify(stored, 'correct horse'), stored)
    t.false(await passwords.verify(stored, 'correct house'), stored)
    t.true(passwords.isOutdated(stored), stored)
  }
})

test('Passwords verify what another system hashed as it was typed', async (t) => {
  const typed = 'Cafe\u0301 \uFF11\uFF12\uFF13'
  const costs = { memoryCost: 8192, timeCost: 1, parallelism: 1 }
  t.true(await passwords.verify(await hashArgon2(typed, costs), typed))
  t.true(await passwords.verify(await hashBcrypt(typed, 4), typed))
  t.false(await passwords.verify(await hashBcrypt(typed, 4), typed.normalize('NFKC')))
})

test('Passwords keep imported hashes in the bounded queue', async (t) => {
  const bounded = createPasswords({ memoryKib: 8192, timeCost: 1, parallelism: 1, queueMax: 2 })
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, () => bounded.verify(pbkdf2, 'correct horse')),
  )
  t.true(results.some(({ status }) => status === 'rejected'))
  t.true(results.some((result) => result.status === 'fulfilled' && result.value))
})

const slow = {
  bcrypt: () => hashBcrypt('correct horse', 11),
  pbkdf2_sha256: async () => pbkdf2.replace('$26000$', '$400000$'),
  scrypt: async () => `scrypt$65536$seasalt$8$1$${djangoScryptHash}`,
}

for (const [scheme, make] of Object.entries(slow)) {
  test(`a slow ${scheme} hash is worked out beside the thread that answers requests`, async (t) => {
    const hash = await make()
    await verifyImported(hash, 'the first one loads the code')
    const [own, all] = [process.threadCpuUsage(), process.cpuUsage()]
    await verifyImported(hash, 'correct house')
    const spent = { own: process.threadCpuUsage(own).user, all: process.cpuUsage(all).user }
    t.true(spent.own < spent.all / 3, JSON.stringify(spent))
  })
}
