import type { ApiRoute } from '#http/api.ts'
import { AppError, busy } from '#lib/app-error.ts'
import { AlreadyExists, InvalidCursor, LastAdministrator } from '#storage/errors.ts'
import type { Storage } from '#storage/storage.ts'

/** The route with the storage's refusals said as problems. */
export const withRefusals = (one: ApiRoute): ApiRoute => ({
  ...one,
  async handle(call) {
    try {
      return await one.handle(call)
    } catch (error) {
      throw refusalOf(error)
    }
  },
})

function refusalOf(error: unknown): unknown {
  if (error instanceof LastAdministrator)
    return new AppError('last_administrator', { cause: error })
  if (error instanceof AlreadyExists) return alreadyExists(`body.${error.field}`)
  if (error instanceof InvalidCursor) return invalid('query.cursor', error.message)
  return error
}

export const alreadyExists = (path: string): AppError =>
  new AppError('already_exists', { problems: [{ path, message: 'is taken' }] })

export const invalid = (path: string, message: string): AppError =>
  new AppError('validation_failed', { problems: [{ path, message }] })

export const notFound = (): AppError => new AppError('not_found')

const waitMs = 5000

/**
 * Runs work that reads a record and writes it back while no other process does the same, so that no change is lost.
 * Rejects with `busy` when the others take too long.
 */
export async function exclusively<T>(
  { withLock }: Pick<Storage, 'withLock'>,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const done = await withLock(`admin:${name}`, waitMs, async () => ({ result: await work() }))
  if (!done) throw busy(2)
  return done.result
}
