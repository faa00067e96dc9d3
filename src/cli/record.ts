import { systemClock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { AuditEvent } from '#storage/audit.ts'
import type { Storage } from '#storage/storage.ts'

/** Writes to the audit log what a command did; resolves when it is written. */
export const record = (
  { audit }: Pick<Storage, 'audit'>,
  event: Pick<AuditEvent, 'type' | 'target' | 'clientId' | 'details'>,
): Promise<void> => audit.add([{ ...event, id: newId(), at: systemClock(), actor: 'cli' }])
