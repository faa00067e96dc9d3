import { Command } from 'commander'
import type { AuditEventType } from '#lib/audit-events.ts'
import { newId } from '#lib/ids.ts'
import { AlreadyExists, LastAdministrator } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'
import { administratorRole, type User, type UserChange } from '#storage/users.ts'
import { isEmail, isNickname, isUsername } from '#users/name-rules.ts'
import { findUser } from './find-user.ts'
import { newPassword, type NewPassword } from './new-password.ts'
import { printFacts } from './print.ts'
import { record } from './record.ts'
import { userImportCommand } from './user-import.ts'
import { withServices, type CommandParts } from './with-services.ts'

/** `user create|reset-password|ban|unban|import`: people, for an operator who has no administrator to ask. */
export function userCommand(): Command {
  return new Command('user')
    .description('create, help, ban and import users')
    .addCommand(createCommand())
    .addCommand(resetPasswordCommand())
    .addCommand(banCommand())
    .addCommand(unbanCommand())
    .addCommand(userImportCommand())
}

interface CreateOptions {
  email?: string
  username?: string
  nickname?: string
  role?: string[]
  verified?: boolean
  passwordStdin?: boolean
}

const passwordStdin = [
  '--password-stdin',
  'read the password from standard input (default: generate one and print it once)',
] as const

const createCommand = () =>
  new Command('create')
    .description('create a user')
    .option('--email <address>')
    .option('--username <name>')
    .option('--nickname <name>')
    .option('--role <name...>', 'a role; "admin" for an administrator')
    .option('--verified', 'mark the e-mail address as confirmed')
    .option(...passwordStdin)
    .action((options: CreateOptions) => withServices((parts) => createUser(parts, options)))

const resetPasswordCommand = () =>
  new Command('reset-password')
    .description('set a new password and end every sign-in')
    .argument('<identifier>', 'e-mail, username or id')
    .option(...passwordStdin)
    .action((identifier: string, options: { passwordStdin?: boolean }) =>
      withServices((parts) => resetPassword(parts, identifier, options)),
    )

const banCommand = () =>
  new Command('ban')
    .description('ban a user and revoke every sign-in and token')
    .argument('<identifier>', 'e-mail, username or id')
    .action((identifier: string) => withServices((parts) => ban(parts, identifier)))

const unbanCommand = () =>
  new Command('unban')
    .description('unban a user')
    .argument('<identifier>', 'e-mail, username or id')
    .action((identifier: string) => withServices((parts) => unban(parts, identifier)))

async function createUser(parts: CommandParts, options: CreateOptions): Promise<void> {
  const { storage, services } = parts
  const email = options.email?.trim()
  const username = options.username?.trim()
  const nickname = options.nickname?.trim()
  const roles = options.role ?? []
  refuseNames({ email, username, nickname })
  await refuseUnknownRoles(storage, roles)

  const given = await newPassword(options, services.accounts.passwordPolicy)
  const user = await storage.users
    .create({
      id: newId(),
      email,
      username,
      nickname,
      roles,
      emailVerified: email !== undefined && options.verified === true,
      passwordHash: await services.accounts.passwords.hash(given.password),
    })
    .catch((error: unknown) => {
      throw error instanceof AlreadyExists ? new Error(`The ${error.field} is taken.`) : error
    })
  await record(storage, { type: 'user.registered', target: `user:${user.id}`, details: { roles } })
  printFacts({ id: user.id, ...passwordFact(given) })
}

function refuseNames({
  email,
  username,
  nickname,
}: Record<'email' | 'username' | 'nickname', string | undefined>): void {
  if (email === undefined && username === undefined)
    throw new Error('Give --email, --username or both.')
  if (email !== undefined && !isEmail(email)) throw new Error(`"${email}" is no e-mail address.`)
  if (username !== undefined && !isUsername(username))
    throw new Error('A username has 3 to 32 letters, digits, dots, hyphens or underscores.')
  if (nickname !== undefined && !isNickname(nickname))
    throw new Error('A nickname has at most 64 characters.')
}

async function refuseUnknownRoles(
  { roles }: Pick<Storage, 'roles'>,
  names: readonly string[],
): Promise<void> {
  for (const name of names)
    if (name !== administratorRole && !(await roles.find(name)))
      throw new Error(`There is no role "${name}".`)
}

async function resetPassword(
  { storage, services }: CommandParts,
  identifier: string,
  options: { passwordStdin?: boolean },
): Promise<void> {
  const user = await findUser(storage, identifier)
  const given = await newPassword(options, services.accounts.passwordPolicy)
  const passwordHash = await services.accounts.passwords.hash(given.password)
  await services.signIns.end(user, { passwordHash, apiKeys: true, takeover: {} })
  await record(storage, { type: 'password.set', target: `user:${user.id}` })
  console.log('The password is set and every sign-in and API key has ended.')
  if (given.isGenerated) printFacts(passwordFact(given))
}

const passwordFact = ({ password, isGenerated }: NewPassword): { password?: string } =>
  isGenerated ? { password: `${password}   (shown once)` } : {}

async function ban({ storage, services, now }: CommandParts, identifier: string): Promise<void> {
  const user = await findUser(storage, identifier)
  if (user.bannedAt !== undefined) {
    console.log('They are banned already.')
    return
  }
  await change(storage, user, { type: 'user.banned', fields: { bannedAt: now() } })
  await services.signIns.sessions.endAll(user.id)
  console.log('Banned. Every sign-in and token has ended.')
}

async function unban({ storage }: CommandParts, identifier: string): Promise<void> {
  const user = await findUser(storage, identifier)
  if (user.bannedAt === undefined) {
    console.log('They are not banned.')
    return
  }
  await change(storage, user, { type: 'user.unbanned', fields: { bannedAt: undefined } })
  console.log('They may sign in again.')
}

async function change(
  storage: Storage,
  { id }: User,
  { type, fields }: { type: AuditEventType; fields: UserChange },
): Promise<void> {
  await storage.users.update(id, fields).catch((error: unknown) => {
    throw error instanceof LastAdministrator
      ? new Error('This is the last administrator: make another one first.')
      : error
  })
  await record(storage, { type, target: `user:${id}` })
}
