/** Prints facts, one a line, their names aligned; undefined ones are left out. */
export function printFacts(facts: Record<string, string | number | undefined>): void {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined)
  const width = Math.max(...known.map(([name]) => name.length))
  for (const [name, value] of known) console.log(`${name.padEnd(width)}  ${value}`)
}
