import type { Wechat } from '../support/wechat.ts'
import type { Stage } from './stage.ts'

export interface RaceStage extends Stage {
  wechat: Wechat
}

/** One thing that counts once, and fifty requests that present it at the same moment. */
export interface Kind {
  name: string
  /** Whether all are to succeed, with one and the same outcome. */
  isShared?: true
  /** Resolves to what presents it, as the n-th, at a process: to an outcome, or undefined when it is refused. */
  prepare(stage: RaceStage): Promise<Shot>
}

export type Shot = (door: string, n: number) => Promise<string | undefined>

/** Refusals are answers too: a failure of the server is none. */
export function sound(status: number, what: string): void {
  if (status >= 500) throw new Error(`${what}: ${status}`)
}
