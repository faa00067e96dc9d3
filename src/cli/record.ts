import type { AuditNote } from '#http/audit.ts'
import { systemClock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { Storage } from '#storage/storage.ts'

/** Writes to the audit log what a command did; resolves when it is written. */
export const record = (
  { audit }: Pick<Storage, 'audit'>,
  event: Omit<AuditNote, 'actor'>,
): Promise<void> => audit.add([{ ...event, id: newId(), at: systemClock(), actor: 'cli' }])
