import { StorageUnavailable, type OutageReason } from './errors.ts'

/** Whether a backend serves, or why not. */
export type State = 'ok' | OutageReason

/** The state that shows in how a call ends. */
export const stateOf = (call: Promise<unknown>): Promise<State> =>
  call.then(
    () => 'ok',
    (error: unknown) => (error instanceof StorageUnavailable ? error.reason : 'failed'),
  )
