import { join, opens, signIn, type World } from './world.ts'

/** Makes two API keys and revokes one of them. */
export async function makingKeys(world: World): Promise<void> {
  const { ledger, visitor } = world
  const { access_token: token } = await signIn(world, await join(world))
  const revoked = new Set<string>()
  const make = async (): Promise<{ id: string; key: string }> =>
    ledger.attempt(
      'API key',
      () =>
        visitor.expect('201 POST /users/api-keys', {
          token,
          body: { name: 'ci', scopes: ['account:read'] },
        }),
      {
        kept:
          ({ id, key }) =>
          async () =>
            revoked.has(id) || (await opens(world, key)) ? undefined : 'the key is refused',
      },
    )
  await make()
  const { id, key } = await make()
  // From here on it may be gone, whatever is answered.
  revoked.add(id)
  await ledger.attempt(
    'API key revoked',
    () => visitor.expect(`204 DELETE /users/api-keys/${id}`, { token }),
    {},
  )
  ledger.spent('API key revoked', async () =>
    (await opens(world, key)) ? 'a revoked key works' : undefined,
  )
}
