import test from 'ava'
import { temporaryFile } from '../cli/import/temporary-file.ts'
import { administrator } from '../admin/administrator.ts'

const own = 'https://id.example/api'

const fileOf = (t: Parameters<typeof temporaryFile>[0], resource: object) =>
  temporaryFile(t, 'yumen.yaml', JSON.stringify({ resources: [resource] }))

test('the file may name our own API and the lifetime of its tokens, and its scopes stay', async (t) => {
  const CONFIG_FILE = await fileOf(t, { identifier: own, name: 'Ours', access_token_ttl: 1800 })
  const { admin } = await administrator(t, { env: { API_RESOURCE: own, CONFIG_FILE } })
  const { status, body } = await admin('GET', `/admin/resources/${encodeURIComponent(own)}`)
  t.is(status, 200)
  t.like(body, { name: { en: 'Ours' }, access_token_ttl: 1800 })
  const scopes = body.scopes as { name: string; restricted?: boolean }[]
  t.true(scopes.some(({ name }) => name === 'account:read'))
  t.true(scopes.filter(({ name }) => name.startsWith('admin:')).every((one) => one.restricted))
})

for (const scopes of [[], [{ name: 'admin:users', description: 'Everyone' }]]) {
  test(`a file that declares ${scopes.length} scopes of our own API stops the start`, async (t) => {
    const CONFIG_FILE = await fileOf(t, { identifier: own, name: 'Ours', scopes })
    await t.throwsAsync(administrator(t, { env: { API_RESOURCE: own, CONFIG_FILE } }), {
      message: `Resource ${own} is the API of this server: its scopes cannot be declared.`,
    })
  })
}
