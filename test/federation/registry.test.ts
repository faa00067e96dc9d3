import test from 'ava'
import { githubStandIn } from '../support/stand-ins/github.ts'
import { start } from '../support/start.ts'
import { githubEnv } from './journey.ts'

test('the operator’s provider stands alone where an administrator’s has the same id', async (t) => {
  const github = await githubStandIn(t)
  const fixture = await start(t, { env: githubEnv(github) })
  const { providers } = fixture.server.services.federation
  const recipe = { kind: 'github', client_id: 'another-client' }
  for (const id of ['github', 'acme'])
    await fixture.storage.providers.put({ id, recipe, sealedSecret: providers.seal(id, 'x') })
  await providers.refresh()
  t.deepEqual(
    providers.list('').map(({ id, clientId }) => [id, clientId]),
    [
      ['github', github.clientId],
      ['acme', 'another-client'],
    ],
  )
  t.is(providers.find('github')?.clientId, github.clientId)
})
