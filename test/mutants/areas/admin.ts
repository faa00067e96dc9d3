import type { Mutant } from '../mutant.ts'

export const admin: Mutant[] = [
  {
    id: 'delete-a-stronger-role',
    file: 'src/admin/roles.ts',
    before: `    mustCover(call.caller, scopesOn(parts.apiResource, before))
`,
    after: '',
    reason:
      'Whoever may only manage roles could delete one that has more administration than they.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'weaken-a-stronger-role',
    file: 'src/admin/roles.ts',
    before: 'mustCover(caller, [...former!, ...given!])',
    after: 'mustCover(caller, given!)',
    reason: 'Anyone who may only manage roles could take administration from others.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'key-revocation-not-audited',
    file: 'src/admin/api-keys.ts',
    before: `        audit({ type: 'api_key.revoked', target: \`api_key:\${id}\`, details }, call)
`,
    after: '',
    reason: 'No one could tell later which administrator revoked a key.',
    tests: ['test/admin/operations.test.ts'],
  },
  {
    id: 'hold-of-an-administrator',
    file: 'src/admin/users.ts',
    before: `  mustCover(caller, await scopesOf(parts, user.roles))
`,
    after: '',
    reason: "Anyone who may only manage users could set an administrator's password.",
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'role-of-an-administrator-given',
    file: 'src/admin/users.ts',
    before: `  mustCover(caller, await scopesOf(parts, roleNames ?? []))
`,
    after: '',
    reason: 'Anyone who may only manage users could make an administrator.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'role-that-is-none',
    file: 'src/admin/users.ts',
    before: 'if (!(await parts.storage.roles.find(name))) throw',
    after: `if (name === '') throw`,
    reason: 'A role that is made later would come with people in it.',
    tests: ['test/admin/users.test.ts'],
  },
  {
    id: 'sign-ins-outlive-a-user',
    file: 'src/admin/users.ts',
    before: `  await parts.endAll(user.id)
`,
    after: '',
    reason: "A deleted user's tokens would stay good.",
    tests: ['test/admin/users.test.ts'],
  },
  {
    id: 'weak-password-by-administrator',
    file: 'src/admin/users.ts',
    before: `  if (problem) throw invalid('body.password', problem)
`,
    after: '',
    reason: 'An administrator could set a password that people guess.',
    tests: ['test/admin/users.test.ts', 'test/admin/user-actions.test.ts'],
  },
  {
    id: 'ban-ends-nothing',
    file: 'src/admin/user-actions.ts',
    before: `  await parts.endAll(after.id)
`,
    after: '',
    reason: 'Sessions of a banned person would stay.',
    tests: ['test/admin/user-actions.test.ts'],
  },
  {
    id: 'removed-factors-end-nothing',
    file: 'src/admin/user-actions.ts',
    before: `  const removed = await parts.factors.removeAll(user)
  await parts.endAll(user.id)
`,
    after: `  const removed = await parts.factors.removeAll(user)
`,
    reason: 'Anyone who has stolen a factor would stay signed in.',
    tests: ['test/admin/user-actions.test.ts'],
  },
  {
    id: 'set-password-ends-nothing',
    file: 'src/admin/user-actions.ts',
    before: 'await parts.endSignIns(user, { passwordHash, apiKeys: true, takeover: {} })',
    after: 'await parts.storage.users.setPasswordHash(user.id, passwordHash)',
    reason: 'A thief would stay signed in after an administrator has set a password.',
    tests: ['test/admin/user-actions.test.ts'],
  },
  {
    id: 'banned-user-gets-a-link',
    file: 'src/admin/user-actions.ts',
    before: `  if (user.bannedAt !== undefined) throw new AppError('banned')
`,
    after: '',
    reason: 'An administrator would be told that a link is on its way that is not.',
    tests: ['test/admin/user-actions.test.ts'],
  },
  {
    id: 'stronger-client-made',
    file: 'src/admin/clients.ts',
    before: `): Promise<void> {
  mustCover(caller, scopesOfClient(metadata))
`,
    after: `): Promise<void> {
`,
    reason: 'Anyone who may only manage clients could make one that administers.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'stronger-client-changed',
    file: 'src/admin/clients.ts',
    before: `    mustCover(call.caller, scopesOfClient(before.metadata))
    await mayKeep`,
    after: '    await mayKeep',
    reason: 'Anyone who may only manage clients could change one that administers.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'stronger-client-deleted',
    file: 'src/admin/clients.ts',
    before: `    mustCover(call.caller, scopesOfClient(before.metadata))
    // Before`,
    after: '    // Before',
    reason: 'Anyone who may only manage clients could delete one that administers.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'tokens-outlive-a-client',
    file: 'src/admin/clients.ts',
    before: `    await parts.storage.artifacts.removeByClient(id)
    if (!(await parts.storage.clients.remove(id))) throw notFound()
    await parts.storage.artifacts.removeByClient(id)
`,
    after: `    if (!(await parts.storage.clients.remove(id))) throw notFound()
`,
    reason: 'What a client was given would stay good after its end.',
    tests: ['test/admin/deletion.test.ts'],
  },
  {
    id: 'own-client-deleted',
    file: 'src/admin/clients.ts',
    before: 'if (id === firstPartyClientId || id === pagesClientId) throw',
    after: 'if (id === pagesClientId) throw',
    reason: 'An administrator could end every sign-in by one click.',
    tests: ['test/admin/deletion.test.ts'],
  },
  {
    id: 'secret-of-a-stronger-client',
    file: 'src/admin/client-secrets.ts',
    before: `    mustCover(caller, scopesOfClient(before.metadata))
`,
    after: '',
    reason: 'Anyone who may only manage clients could get the secret of one that administers.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'third-secret',
    file: 'src/admin/client-secrets.ts',
    before: `    if (secretHashes.length > 1) throw new AppError('two_secrets')
`,
    after: '',
    reason: 'Secrets that no one remembers would pile up.',
    tests: ['test/admin/clients.test.ts'],
  },
  {
    id: 'newest-secret-dropped',
    file: 'src/admin/client-secrets.ts',
    before: 'return secretHashes.slice(-1)',
    after: 'return secretHashes.slice(0, 1)',
    reason: 'Dropping the former secret would drop the new one.',
    tests: ['test/admin/clients.test.ts'],
  },
  {
    id: 'given-secret-is-kept',
    file: 'src/admin/client-metadata.ts',
    before: 'if (forbidden !== undefined) throw',
    after: `if (forbidden === '') throw`,
    reason: 'A secret in metadata would be stored in the clear.',
    tests: ['test/admin/clients.test.ts'],
  },
  {
    id: 'stronger-role-made',
    file: 'src/admin/roles.ts',
    before: `    mustCover(call.caller, scopesOn(parts.apiResource, { permissions }))
`,
    after: '',
    reason: 'Anyone who may only manage roles could make one that administers.',
    tests: ['test/admin/authority.test.ts'],
  },
  {
    id: 'administration-taken-from-admin',
    file: 'src/admin/roles.ts',
    before: 'if (name === administratorRole && lost) throw',
    after: `if (name === '' && lost) throw`,
    reason: 'No one could administer any more.',
    tests: ['test/admin/roles.test.ts'],
  },
  {
    id: 'role-of-a-scope-that-is-none',
    file: 'src/admin/roles.ts',
    before: `    if (body.permissions) await mustExist(parts, body.permissions)
`,
    after: '',
    reason: 'A permission for nothing would come alive with a scope of that name.',
    tests: ['test/admin/roles.test.ts'],
  },
  {
    id: 'own-api-unprotected',
    file: 'src/admin/resources.ts',
    before: `if (!stays) throw new AppError('protected_resource')`,
    after: `if (!stays && after === null) throw new AppError('protected_resource')`,
    reason: 'A scope of administrators could be opened to everyone.',
    tests: ['test/admin/resources.test.ts'],
  },
  {
    id: 'resource-in-use-deleted',
    file: 'src/admin/resources.ts',
    before: `if (problems.length > 0) throw new AppError('in_use', { problems })`,
    after: `if (problems.length < 0) throw new AppError('in_use', { problems })`,
    reason: 'A role would keep a permission that comes alive with a new scope.',
    tests: ['test/admin/resources.test.ts'],
  },
  {
    id: 'provider-by-any-administrator',
    file: 'src/admin/providers.ts',
    before: `  mustCover(
    caller,
    adminScopes.map(({ name }) => name),
  )
`,
    after: '',
    reason: 'Anyone who may only choose providers could become anybody.',
    tests: ['test/admin/providers.test.ts'],
  },
  {
    id: 'provider-secret-follows',
    file: 'src/admin/providers.ts',
    before: `    if (secret === undefined) mustGoWhereItWent(before.recipe, recipe)
`,
    after: '',
    reason: 'A change of the address would hand the secret to anyone who is there.',
    tests: ['test/admin/providers.test.ts'],
  },
  {
    id: 'declared-provider-changed',
    file: 'src/admin/providers.ts',
    before: `if (declaredOf(parts, id)) throw new AppError('protected_provider')`,
    after: `if (id === '') throw new AppError('protected_provider')`,
    reason: "An administrator would be told that the operator's provider is changed.",
    tests: ['test/admin/providers.test.ts'],
  },
  {
    id: 'secrets-in-the-audit-log',
    file: 'src/admin/audited.ts',
    before: `if (/secret|password/i.test(key) && ['string', 'object'].includes(typeof value)) return '***'`,
    after: `if (key === 'secret' && typeof value === 'string') return '***'`,
    reason: 'Secrets would stand in the audit log.',
    tests: ['test/admin/audited.test.ts'],
  },
  {
    id: 'changed-address-stays-confirmed',
    file: 'src/admin/user-fields.ts',
    before: `    change.emailVerified ??= false
`,
    after: `    change.emailVerified ??= undefined as never
`,
    reason: 'An address that an administrator has mistyped would count as confirmed.',
    tests: ['test/admin/users.test.ts'],
  },
]
