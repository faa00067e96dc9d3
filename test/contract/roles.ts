/** What every role store promises (`src/storage/roles.ts`). */
import type { ExecutionContext, TestFn } from 'ava'
import { newId } from '#lib/ids.ts'
import { LastAdministrator } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'

export interface RoleBackend {
  storage: Pick<Storage, 'roles' | 'users'>
  now(): number
  pass(ms: number): Promise<void>
}

const permissions = { 'https://api.example/': ['read', 'write'], 'urn:other': [] }

export function rolesContract(
  test: TestFn,
  open: (t: ExecutionContext) => Promise<RoleBackend>,
): void {
  test('roles: find() returns what put() wrote', async (t) => {
    const { storage, now } = await open(t)
    const role = { name: 'a-z_0.9:', description: '编辑 😀 "\'\\', permissions }
    await storage.roles.put(role)
    t.deepEqual(await storage.roles.find(role.name), {
      ...role,
      createdAt: now(),
      updatedAt: now(),
    })
    for (const name of ['A-z_0.9:', `${role.name} `, '', '编辑', 'a\0']) {
      t.is(await storage.roles.find(name), undefined)
    }
  })

  test('roles: put() replaces a role and keeps createdAt', async (t) => {
    const { storage, now, pass } = await open(t)
    const createdAt = now()
    await storage.roles.put({ name: 'writer', description: 'writes', permissions })
    await pass(1000)
    await storage.roles.put({ name: 'writer', permissions: {} })
    t.deepEqual(await storage.roles.find('writer'), {
      name: 'writer',
      description: undefined,
      permissions: {},
      createdAt,
      updatedAt: now(),
    })
  })

  test('roles: list() returns all, by name', async (t) => {
    const { storage } = await open(t)
    t.deepEqual(await storage.roles.list(), [])
    for (const name of ['b', 'a', 'a-b', 'a_b', 'a.b']) {
      await storage.roles.put({ name, permissions: {} })
    }
    const names = (await storage.roles.list()).map(({ name }) => name)
    t.deepEqual(names, ['a', 'a-b', 'a.b', 'a_b', 'b'])
  })

  test('roles: remove() takes the role from everyone who has it, and no other', async (t) => {
    const { storage } = await open(t)
    const { id } = await storage.users.create({ id: newId(), roles: ['reader', 'writer'] })
    await storage.roles.put({ name: 'writer', permissions })
    t.true(await storage.roles.remove('writer'))
    t.false(await storage.roles.remove('writer'))
    t.is(await storage.roles.find('writer'), undefined)
    t.deepEqual((await storage.users.findById(id))?.roles, ['reader'])
    for (const name of ['', '编辑', 'a\0']) t.false(await storage.roles.remove(name))
  })

  test('roles: remove() of `admin` rejects with LastAdministrator while someone has it who can sign in', async (t) => {
    const { storage } = await open(t)
    await storage.roles.put({ name: 'admin', permissions: {} })
    const { id } = await storage.users.create({ id: newId(), roles: ['admin'] })
    await t.throwsAsync(storage.roles.remove('admin'), { instanceOf: LastAdministrator })
    t.truthy(await storage.roles.find('admin'))
    t.deepEqual((await storage.users.findById(id))?.roles, ['admin'])
  })
}
