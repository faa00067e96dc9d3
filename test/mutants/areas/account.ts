import type { Mutant } from '../mutant.ts'

export const account: Mutant[] = [
  {
    id: 'arrival-for-another-account',
    file: 'src/account/identity-link-routes.ts',
    before: `if (ticket?.purpose.kind !== 'link' || ticket.purpose.userId !== userId)`,
    after: `if (ticket?.purpose.kind !== 'link')`,
    reason: 'An identity would be linked to anyone who has signed in since in the browser.',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'grant-removal-not-audited',
    file: 'src/account/session-routes.ts',
    before: `        audit({ type: 'grant.removed', target: \`client:\${call.params.id}\` }, call)
`,
    after: '',
    reason: "No one could tell later who took back an application's access.",
    tests: ['test/audit/kinds.test.ts'],
  },
  {
    id: 'proof-of-another-application',
    file: 'src/account/proof.ts',
    before: `const isOurs = caller.via === 'session' || (await parts.isFirstParty(caller.clientId))`,
    after: `const isOurs = caller.via !== 'api_key'`,
    reason: "Another's application could take the account over after any sign-in.",
    tests: ['test/account/proof.test.ts'],
  },
  {
    id: 'proof-of-twenty-minutes',
    file: 'src/account/proof.ts',
    before: 'parts.now() - signedInAt < freshSeconds * 1000',
    after: 'parts.now() - signedInAt < 2 * freshSeconds * 1000',
    reason: 'A sign-in would be proof for longer than it is said to be.',
    tests: ['test/account/proof.test.ts'],
  },
  {
    id: 'proof-by-any-password',
    file: 'src/account/proof.ts',
    before: 'if (!(await parts.checkPassword(user, password, address))) throw wrongPassword()',
    after: `if (!(await parts.checkPassword(user, password, address)) && password === '') throw wrongPassword()`,
    reason: 'Any password would be proof.',
    tests: ['test/account/proof.test.ts'],
  },
  {
    id: 'password-without-the-present-one',
    file: 'src/account/password-routes.ts',
    before: `  if (password === undefined && present !== undefined) throw wrongPassword()
`,
    after: '',
    reason: 'Anyone who finds an open browser could change the password.',
    tests: ['test/account/security.test.ts'],
  },
  {
    id: 'sign-ins-survive-a-new-password',
    file: 'src/account/password-routes.ts',
    before: 'endOthers: async (set) => parts.sessions.endOthers(user.id, caller, set)',
    after:
      "endOthers: async (set) => parts.users.replacePasswordHash(user.id, present ?? '', set.passwordHash ?? '')",
    reason: 'A thief would stay signed in after the owner has changed the password.',
    tests: ['test/account/security.test.ts'],
  },
  {
    id: 'key-sets-up-factors',
    file: 'src/account/owner.ts',
    before: `if (caller.via !== 'token' && caller.via !== 'session') throw`,
    after: `if (caller.via === 'client') throw`,
    reason: "A program's key could lock its owner out.",
    tests: ['test/api/second-factor.test.ts'],
  },
  {
    id: 'unlinked-identity-of-another',
    file: 'src/account/identity-routes.ts',
    before: 'if (!taken || !(await unlink(identities, userId, id))) throw',
    after: `if (!taken || ((await unlink(identities, userId, id)) && id === '')) throw`,
    reason: 'Removing an account elsewhere would change nothing.',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'unlinking-not-audited',
    file: 'src/account/identity-routes.ts',
    before: `        audit({ type: 'identity.unlinked', target: \`user:\${userId}\`, details }, call)
`,
    after: '',
    reason: 'No one could tell later when a way in went.',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'joined-without-proof',
    file: 'src/account/identity-routes.ts',
    before: `  await expectProof(parts, user, { password, caller, address: request.address })
`,
    after: '',
    reason: "Another's application could add a way into the account.",
    tests: ['test/flow/foreign-tokens.test.ts'],
  },
  {
    id: 'address-without-proof',
    file: 'src/account/email-routes.ts',
    before: `        await expectProof(parts, user, { password, caller, address: request.address })
`,
    after: '',
    reason: 'Anyone who finds an open browser could take the account to another address.',
    tests: ['test/account/email.test.ts', 'test/api/account.test.ts'],
  },
  {
    id: 'factor-without-proof',
    file: 'src/account/factor-routes.ts',
    before: `  await expectProof(parts, user, {
    password: body.current_password,
    caller,
    address: request.address,
  })
`,
    after: '',
    reason: "Another's application could remove the second factor.",
    tests: ['test/api/second-factor.test.ts'],
  },
  {
    id: 'factor-addition-not-audited',
    file: 'src/account/enrolment-routes.ts',
    before: `  audit({ type: 'factor.added', target: \`factor:\${factor.id}\`, details }, call)
`,
    after: '',
    reason: 'No one could tell later who set up a factor.',
    tests: ['test/api/second-factor.test.ts', 'test/account/factors.test.ts'],
  },
  {
    id: 'link-with-an-old-sign-in',
    file: 'src/account/identity-link-routes.ts',
    before: 'parts.now() - person.session.signedInAt < maxAge * 1000',
    after: 'parts.now() - person.session.signedInAt < maxAge * 10_000',
    reason: 'An open browser would be enough to add a way in.',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'link-form-without-token',
    file: 'src/account/identity-link-routes.ts',
    before: `  csrf.check(ctx, csrfBindingOf(person), fields['csrf'])
`,
    after: '',
    reason: 'Another site could have an identity of its own linked (login CSRF).',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'session-without-second-factor',
    file: 'src/compose/signed-in-pages.ts',
    before: `    if ((await demandOf(secondFactor, facts)) !== 'none') return undefined
`,
    after: `    await demandOf(secondFactor, facts)
`,
    reason: 'A password alone would open the account pages of someone with a second factor.',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'banned-person-on-pages',
    file: 'src/compose/signed-in-pages.ts',
    before: '!isActive(user)',
    after: '!user',
    reason: 'A banned person would still use the account pages.',
    tests: ['test/federation/account.test.ts'],
  },
  {
    id: 'reset-form-without-token',
    file: 'src/account/desk-pages.ts',
    before: `csrf.check(ctx, bindTo(id ?? ''), id && fields['csrf'])`,
    after: `csrf.check(ctx, bindTo(id ?? ''), csrf.token(bindTo(id ?? '')))`,
    reason: 'Another site could send the forms of forgotten passwords.',
    tests: ['test/account/recovery-pages.test.ts'],
  },
  {
    id: 'reset-token-in-referer',
    file: 'src/account/desk-pages.ts',
    before: `ctx.set('Referrer-Policy', 'strict-origin')`,
    after: `ctx.set('Referrer-Policy', 'unsafe-url')`,
    reason: 'The token of a link would be told to other sites.',
    tests: ['test/account/recovery-pages.test.ts'],
  },
]
