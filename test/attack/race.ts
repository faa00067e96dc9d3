import { fifty } from '../security/journey.ts'
import { openWechat } from '../support/wechat.ts'
import { storages } from '../support/trials.ts'
import type { Program } from './program.ts'
import { factorKinds } from './race-factors.ts'
import { mailKinds } from './race-mail.ts'
import type { Kind, RaceStage } from './race-kind.ts'
import { newcomerKinds } from './race-newcomers.ts'
import { tokenKinds } from './race-tokens.ts'
import { openTwo } from './stage.ts'

const kinds = [...tokenKinds, ...mailKinds, ...factorKinds, ...newcomerKinds]

/** Keycloak CVE-2026-1035, CVE-2026-9802: check, then consume, with a gap between the two. */
export const race: Program = {
  name: 'race',
  title: '50 requests at once for what counts once, at two processes',
  storages,
  limitMs: 600_000,
  async run(trial) {
    const { wechat, env } = await openWechat(trial.t)
    const mail = { SIGN_IN_WITH_EMAIL: 'both', REFRESH_GRACE_SECONDS: '60' }
    // The stand-in for WeChat waits for the same processor as everything else.
    const slow = { WECHAT_TIMEOUT_MS: '60000' }
    const stage = { ...(await openTwo(trial, { ...env, ...mail, ...slow })), wechat }
    const rounds = trial.isShort ? 1 : 3
    for (const kind of kinds) {
      const seen: string[] = []
      const against: string[] = []
      for (let round = 0; round < rounds; round++) {
        const { found, isMet } = await shoot(kind, stage)
        seen.push(found)
        if (!isMet) against.push(found)
      }
      trial.say(`${kind.name}: ${seen.join(', ')}`)
      const aim = kind.isShared ? '50 × the same' : '1 × success'
      const found = [...new Set(seen)].join(', ')
      trial.report.row({ attack: kind.name, tried: `${rounds} × 50`, found, aim, against })
    }
  },
}

async function shoot(
  { prepare, isShared }: Kind,
  stage: RaceStage,
): Promise<{ found: string; isMet: boolean }> {
  const shot = await prepare(stage)
  const { doors } = stage
  const failures: string[] = []
  const outcomes = await fifty((n) =>
    shot(doors[n % doors.length]!, n).catch((error: unknown) => void failures.push(String(error))),
  )
  if (failures.length > 0) return { found: failures[0]!, isMet: false }
  const got = outcomes.filter((one) => one !== undefined)
  const different = new Set(got).size
  if (!isShared) return { found: `${got.length} × success`, isMet: got.length === 1 }
  const found = different === 1 ? `${got.length} × the same` : `${different} outcomes`
  return { found, isMet: got.length === 50 && different === 1 }
}
