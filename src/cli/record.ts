import { countedAs, counterName } from '#audit/counted.ts'
import { dayOf } from '#audit/daily.ts'
import type { AuditNote } from '#http/audit.ts'
import { systemClock } from '#lib/clock.ts'
import { newId } from '#lib/ids.ts'
import type { Storage } from '#storage/storage.ts'

type Note = Omit<AuditNote, 'actor'>

/** Writes to the audit log what a command did, and counts it by the day; resolves when both are written. */
export async function record(
  { audit, statistics }: Pick<Storage, 'audit' | 'statistics'>,
  ...events: Note[]
): Promise<void> {
  const at = systemClock()
  await audit.add(events.map((event) => ({ ...event, id: newId(), at, actor: 'cli' })))
  const day = dayOf(at)
  const names = events.flatMap((event) => countedAs(event) ?? []).map(counterName)
  const byName = Map.groupBy(names, (name) => name)
  const counts = [...byName].map(([name, { length: count }]) => ({ day, name, count }))
  if (counts.length > 0) await statistics.add({ counts, active: [] })
}
