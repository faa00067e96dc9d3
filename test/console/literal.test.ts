import test from 'ava'
import { codeBoxes } from '../../src/console/code.ts'

const hostile = `https://a.example/'"\`$(x)\${x}\\\u2028process.exit(7)//\u2029*/`

test('what others chose ends neither the string nor the comment in which it stands', (t) => {
  for (const method of ['client_secret_basic', 'none']) {
    const client = {
      client_id: hostile,
      client_name: 'a',
      live_secrets: 1,
      redirect_uris: [hostile],
      default_resource: hostile,
      scope: hostile,
      token_endpoint_auth_method: method,
      created_at: '',
      updated_at: '',
    }
    const machine = { ...client, redirect_uris: [], grant_types: ['client_credentials'] }
    for (const one of [client, machine]) {
      const texts = codeBoxes(one, { issuer: 'https://id.example.com' }).flatMap(
        ({ codes = [] }) => codes,
      )
      t.true(texts.length > 1)
      for (const { label, text } of texts.filter(({ label }) => !isShell(label))) {
        t.notRegex(text, /[\u2028\u2029]/)
        t.false(text.includes(`'"\`$(x)`), JSON.stringify(label))
      }
      for (const { text } of texts.filter(({ label }) => isShell(label)))
        t.false(text.includes(`a.example/'"`))
    }
  }
})

test('a client that proves who it is with a key of its own gets no code that cannot work', (t) => {
  const facts = { client_id: 'a', live_secrets: 0, created_at: '', updated_at: '' }
  const client = { ...facts, token_endpoint_auth_method: 'private_key_jwt' }
  t.deepEqual(codeBoxes(client, { issuer: 'https://id.example.com' }), [])
})

const isShell = (label: unknown): boolean => JSON.stringify(label) === '{"text":"sh"}'
