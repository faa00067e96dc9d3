import type { Storage } from './storage.ts'

/**
 * Deletes expired artifacts and counters in small batches, so that no table is locked for long; of all processes that share the
 * database only one sweeps at a time, and the others skip their turn. Resolves to how many were deleted.
 */
export async function sweep(storage: Storage, batch = 1000): Promise<number> {
  const deleted = await storage.withLock('sweep', 0, async () => {
    const artifacts = await removeAllExpired(storage.artifacts, batch)
    return artifacts + (await removeAllExpired(storage.limits, batch))
  })
  return deleted ?? 0
}

async function removeAllExpired(
  store: { removeExpired(limit: number): Promise<number> },
  batch: number,
): Promise<number> {
  let total = 0
  for (;;) {
    const count = await store.removeExpired(batch)
    total += count
    if (count < batch) return total
  }
}

export interface Sweeper {
  stop(): void
}

/** Sweeps every `intervalMs`, one sweep after another. */
export function startSweeper(
  storage: Storage,
  intervalMs: number,
  onError: (error: unknown) => void,
): Sweeper {
  let sweeping = false
  const timer = setInterval(() => {
    if (sweeping) return
    sweeping = true
    void sweep(storage)
      .catch(onError)
      .finally(() => {
        sweeping = false
      })
  }, intervalMs).unref()
  return { stop: () => clearInterval(timer) }
}
