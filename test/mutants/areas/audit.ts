import type { Mutant } from '../mutant.ts'

export const audit: Mutant[] = [
  {
    id: 'client-alone-is-an-active-user',
    file: 'src/audit/counted.ts',
    before: ` && !actor.startsWith('client:')`,
    after: '',
    reason: 'Machines would be counted as people.',
    tests: ['test/audit/daily.test.ts'],
  },
  {
    id: 'kinds-never-written',
    file: 'src/audit/recorder.ts',
    before: '      waiting.push({ ...event, id: newId(), at: now() })',
    after: `      const quiet = /^(api_key|client|device|email|grant|mail|password|second_factor|session|user)\\.(revoked|created|deleted|secret_|all_|new|change|removed|retried|failed|succeeded|others_|erase_)/
      if (!quiet.test(event.type)) waiting.push({ ...event, id: newId(), at: now() })`,
    reason: 'Whole kinds of events would be missing from the audit log.',
    tests: ['test/audit/kinds.test.ts'],
  },
  {
    id: 'phone-reading-not-audited',
    file: 'src/wechat/routes.ts',
    before: `      audit({ type: 'wechat.phone_read', target: \`wechat:\${app ?? 'default'}\` }, call)
`,
    after: '',
    reason: "No one could tell later which server read someone's phone number.",
    tests: ['test/flow/wechat-servers.test.ts'],
  },
  {
    id: 'last-events-lost',
    file: 'src/audit/recorder.ts',
    before: `      clearInterval(timer)
      await flush().catch(onError)
`,
    after: `      clearInterval(timer)
`,
    reason: 'A clean stop would lose the events of the last moment.',
    tests: ['test/api/audit.test.ts'],
  },
  {
    id: 'events-lost-by-a-failure',
    file: 'src/audit/recorder.ts',
    before: `      await store.add(batch)
      const written = new Set(batch)
      waiting = waiting.filter((event) => !written.has(event))
`,
    after: `      const written = new Set(batch)
      waiting = waiting.filter((event) => !written.has(event))
      await store.add(batch)
`,
    reason: 'A database that is away for a moment would cost events.',
    tests: ['test/audit/recorder.test.ts'],
  },
  {
    id: 'one-batch-of-events',
    file: 'src/audit/recorder.ts',
    before: 'while (waiting.length > 0) {',
    after: 'if (waiting.length > 0) {',
    reason: 'What waits beyond one batch would be lost at a stop.',
    tests: ['test/audit/recorder.test.ts'],
  },
  {
    id: 'endless-waiting',
    file: 'src/audit/recorder.ts',
    before: '        waiting.shift()\n',
    after: '',
    reason: 'A database that is away for hours would fill the memory.',
    tests: ['test/audit/recorder.test.ts'],
  },
  {
    id: 'last-counts-lost',
    file: 'src/audit/daily.ts',
    before: `      clearInterval(timer)
      await flush().catch(onError)
`,
    after: `      clearInterval(timer)
`,
    reason: 'A clean stop would lose the counts of the last moment.',
    tests: ['test/audit/daily.test.ts'],
  },
  {
    id: 'counts-lost-by-a-failure',
    file: 'src/audit/daily.ts',
    before: `      gathered.take(batch)
`,
    after: '',
    reason: 'A database that is away for a moment would cost counts.',
    tests: ['test/audit/daily.test.ts'],
  },
  {
    id: 'person-counted-twice',
    file: 'src/audit/daily.ts',
    before: `    for (const key of batch.active.keys()) known.add(key)
`,
    after: '',
    reason: 'Each refresh of a person would ask the store.',
    tests: ['test/audit/daily.test.ts'],
  },
  {
    id: 'failed-sign-in-counts',
    file: 'src/audit/counted.ts',
    before: `if (type === 'login.failed') return { what: 'login', outcome: 'failed' }`,
    after: `if (type === 'login.failed') return { what: 'login', outcome: 'succeeded' }`,
    reason: 'An attack would look like many sign-ins.',
    tests: ['test/admin/stats.test.ts', 'test/audit/daily.test.ts'],
  },
  {
    id: 'administrator-not-named',
    file: 'src/compose/api.ts',
    before: 'const actor = caller.userId ?? `client:${caller.clientId}`',
    after: 'const actor = `client:${caller.clientId}`',
    reason: 'The audit log would not say who has done it.',
    tests: ['test/audit/kinds.test.ts'],
  },
  {
    id: 'address-not-recorded',
    file: 'src/compose/api.ts',
    before: 'audit.record({ ...event, address, agent, traceId })',
    after: `audit.record({ ...event, agent, traceId, ...(address === '' && { address }) })`,
    reason: 'The audit log would not say from where.',
    tests: ['test/audit/kinds.test.ts'],
  },
  {
    id: 'grant-revocation-not-recorded',
    file: 'src/oidc/events.ts',
    before: `    record(ctx, { type: 'grant.revoked', target: \`grant:\${grantId}\` })
`,
    after: `    logOf(ctx).info({ grantId }, 'revoked')
`,
    reason: 'No one could tell later when a stolen token was noticed.',
    tests: ['test/audit/kinds.test.ts'],
  },
]
