import type { Mutant, Outcome } from './mutant.ts'

export interface Judged {
  area: string
  mutant: Mutant
  outcome: Outcome
}

const leastKilled = 0.95

/** Prints the table, who is left, and one last line; resolves to the exit code. */
export function report(judged: readonly Judged[]): number {
  const killed = judged.filter(isKilled)
  const others = judged.filter((one) => !isKilled(one))
  const byArea = Map.groupBy(judged, ({ area }) => area)
  console.log('\n| area | killed | of |\n|---|---:|---:|')
  for (const [area, all] of byArea)
    console.log(`| ${area} | ${all.filter(isKilled).length} | ${all.length} |`)
  if (others.length > 0) console.log('\nNot killed:')
  for (const { mutant, outcome } of others) {
    console.log(`- ${mutant.id} (${mutant.file}), ${outcome.verdict}: ${mutant.reason}`)
    if (outcome.detail !== '') console.log(`  ${outcome.detail}`)
  }
  const isInvalid = others.some(({ outcome }) => outcome.verdict === 'invalid')
  const share = killed.length / judged.length
  const seconds = judged.reduce((sum, { outcome }) => sum + outcome.seconds, 0)
  console.log(
    `\n${killed.length} of ${judged.length} mutants killed (${(share * 100).toFixed(1)} %) in ${Math.round(seconds / 60)} minutes`,
  )
  return share >= leastKilled && !isInvalid ? 0 : 1
}

const isKilled = ({ outcome }: Judged): boolean => outcome.verdict === 'killed'
