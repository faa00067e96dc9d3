import type { Clock } from '#lib/clock.ts'
import type {
  EndedSignIns,
  EndOfSignIns,
  SignInStore,
  TakenAway,
  Takeover,
} from '#storage/sign-ins.ts'
import { comparable, isId } from './comparable.ts'
import { marks } from './sql-text.ts'
import type { Run } from './run.ts'
import type { Statements } from './statements.ts'

/** What a sign-in makes. The rest that hangs on an account, such as links in mails, outlives one that is not the last. */
const models = [
  'Session',
  'Grant',
  'AuthorizationCode',
  'AccessToken',
  'RefreshToken',
  'DeviceCode',
  'Device',
  'MfaToken',
  'MailSignIn',
]

const texts = {
  // Before anything is removed: others who attach something to the account wait here, and then find another epoch.
  raise: 'UPDATE users SET sign_in_epoch = sign_in_epoch + 1 WHERE id = ?',
  find: 'SELECT email_key AS "emailKey", email_verified AS "emailVerified", sign_in_epoch AS "epoch" FROM users WHERE id = ?',
  spend:
    'UPDATE artifacts SET consumed_at = ? WHERE model = ? AND key_hash = ? AND account_id = ? AND consumed_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
  removeAll: 'DELETE FROM artifacts WHERE account_id = ?',
  stamp:
    'UPDATE artifacts SET sign_in_epoch = ? WHERE account_id = ? AND sign_in_epoch IS NOT NULL',
  removeApiKeys: 'DELETE FROM api_keys WHERE user_id = ?',
  confirm: 'UPDATE users SET email_verified = ?, updated_at = ? WHERE id = ?',
  disown:
    'UPDATE users SET email = NULL, email_key = NULL, email_verified = ?, updated_at = ? WHERE id = ?',
  listIdentities: 'SELECT provider FROM identities WHERE user_id = ? ORDER BY provider',
  removeIdentities: 'DELETE FROM identities WHERE user_id = ?',
  removeUnions: 'DELETE FROM identity_unions WHERE user_id = ?',
  removeFactors: 'DELETE FROM factors WHERE user_id = ?',
  removeCodes: 'DELETE FROM recovery_codes WHERE user_id = ?',
  replacePassword: 'UPDATE passwords SET hash = ?, updated_at = ? WHERE user_id = ? AND hash = ?',
  removePassword: 'DELETE FROM passwords WHERE user_id = ?',
}

/** Undoes the transaction: the link was spent, or the password is another one by now. */
class TooLate extends Error {}

export function createSignInStore({ transaction, dialect }: Statements, now: Clock): SignInStore {
  const putPassword = dialect.upsert('passwords', {
    keys: ['user_id'],
    columns: ['hash', 'updated_at'],
  })

  const end = async (
    run: Run,
    userId: string,
    how: EndOfSignIns,
  ): Promise<EndedSignIns | undefined> => {
    // Of many with one link all but one go no further.
    if (how.spend) await spend(run, userId, how.spend, now())
    await run(texts.raise, [userId])
    const { rows } = await run<UserRow>(texts.find, [userId])
    const [user] = rows
    if (!user) return undefined
    await removeSignIns(run, userId, { ...how, epoch: user.epoch })
    const { takeover } = how
    const takenAway =
      takeover && isOf(user, takeover) ? await takeOver(run, userId, takeover) : undefined
    if (takenAway && takeover?.email !== undefined) await run(texts.confirm, [true, now(), userId])
    if (how.disown) await run(texts.disown, [false, now(), userId])
    if (how.apiKeys) await run(texts.removeApiKeys, [userId])
    await setPassword(run, userId, how)
    return { epoch: user.epoch, takenAway }
  }

  const setPassword = async (
    run: Run,
    userId: string,
    { passwordHash, formerHash }: EndOfSignIns,
  ): Promise<void> => {
    if (passwordHash === undefined) return
    if (formerHash === undefined) {
      await run(putPassword, [userId, passwordHash, now()])
      return
    }
    const { changes } = await run(texts.replacePassword, [passwordHash, now(), userId, formerHash])
    if (changes !== 1) throw new TooLate()
  }

  return {
    async end(userId, how = {}) {
      if (!isId(userId)) return undefined
      return transaction((run) => end(run, userId, how)).catch((error: unknown) => {
        if (error instanceof TooLate) return undefined
        throw error
      })
    },
  }
}

interface UserRow {
  emailKey: string | null
  emailVerified: boolean | number
  epoch: number
}

const isOf = (user: UserRow, { email }: Takeover): boolean =>
  user.emailKey !== null &&
  !user.emailVerified &&
  (email === undefined || user.emailKey === comparable(email))

async function spend(
  run: Run,
  userId: string,
  { model, key }: NonNullable<EndOfSignIns['spend']>,
  at: number,
): Promise<void> {
  const { changes } = await run(texts.spend, [at, model, key, userId, at])
  if (changes !== 1) throw new TooLate()
}

async function removeSignIns(
  run: Run,
  userId: string,
  { keep, epoch }: Pick<EndOfSignIns, 'keep'> & { epoch: number },
): Promise<void> {
  if (!keep) {
    await run(texts.removeAll, [userId])
    return
  }
  const { sessionUid = '', grantIds } = keep
  const others = grantIds.length > 0 ? ` AND grant_id NOT IN (${marks(grantIds.length)})` : ''
  await run(
    `${texts.removeAll} AND model IN (${marks(models.length)}) AND (uid IS NULL OR uid <> ?) AND (grant_id IS NULL OR (grant_id IS NOT NULL${others}))`,
    [userId, ...models, sessionUid, ...grantIds],
  )
  await run(texts.stamp, [epoch, userId])
}

async function takeOver(
  run: Run,
  userId: string,
  { password = false }: Takeover,
): Promise<TakenAway> {
  const { rows } = await run<{ provider: string }>(texts.listIdentities, [userId])
  await run(texts.removeIdentities, [userId])
  await run(texts.removeUnions, [userId])
  const factors = await run(texts.removeFactors, [userId])
  await run(texts.removeCodes, [userId])
  const apiKeys = await run(texts.removeApiKeys, [userId])
  const passwords = password ? await run(texts.removePassword, [userId]) : undefined
  return {
    apiKeys: apiKeys.changes,
    identities: rows.map(({ provider }) => provider),
    factors: factors.changes,
    password: passwords?.changes === 1,
  }
}
