import type { ExecutionContext } from 'ava'
import { createHash } from 'node:crypto'
import { parse } from 'node-html-parser'
import type { Answer } from './journey.ts'

/** What would tell a stranger how we are built: a stack, a path, a statement, the name of a backend. */
const leaks =
  /node_modules|\.[tj]s:\d|\bat \w+ \(|\/work\/|file:\/\/|SELECT |INSERT |sqlite|postgres|mysql|mariadb|\bknex|redis|TypeError|undefined|\[object/i

/**
 * Without the values that are random, such as cookies, ids and the tokens of forms: long runs with both cases and more than
 * letters. In a million of them any short word comes about, and says nothing.
 */
export const withoutRandom = (text: string): string =>
  text.replaceAll(/[\w-]{20,}/g, (run) =>
    /[a-z]/.test(run) && /[A-Z]/.test(run) && /[\d_-]/.test(run) ? '…' : run,
  )

/** What would tell a stranger how we are built; undefined when there is nothing of it. */
export const leakIn = (told: string): string | undefined => leaks.exec(withoutRandom(told))?.[0]

/** No failure of the server, and no answer that tells more than it should; every answer names its trace. */
export function isClean(t: ExecutionContext, answer: Answer, label: string): void {
  const { status, headers, text } = answer
  t.true(status >= 200 && status < 500, `${label}: ${status} ${text.slice(0, 400)}`)
  const told = `${[...headers].join('\n')}\n${text}`
  t.is(leakIn(told), undefined, label)
  const traceId = headers.get('x-trace-id') ?? ''
  t.regex(traceId, /^[0-9a-f]{32}$/, label)
  if (status < 400) return
  if (text.includes('<html')) t.true(text.includes(traceId) || text.includes('<form'), label)
  else t.regex(text, /"(error|code)":"\w+"/, label)
}

const addresses = ['href', 'src', 'action', 'formaction', 'data', 'srcset', 'poster', 'background']

/** Every address in the page, as a browser at `base` would resolve it. */
export function addressesOf(html: string, base: string): URL[] {
  return parse(html)
    .querySelectorAll('*')
    .flatMap((element) => addresses.flatMap((name) => element.getAttribute(name) ?? []))
    .map((address) => new URL(address, base))
}

/** Where the answer, or anything on its page, leads to another origin. */
export function leadsAway(
  { headers, text }: Pick<Answer, 'headers' | 'text'>,
  base: string,
): string[] {
  const location = headers.get('location')
  const found = [
    ...(location === null ? [] : [new URL(location, base)]),
    ...addressesOf(text, base),
  ]
  const away = found.filter(({ origin }) => origin !== new URL(base).origin)
  return [...away.map(String), ...(headers.has('refresh') ? ['a refresh'] : [])]
}

export function staysHome(
  t: ExecutionContext,
  answer: Pick<Answer, 'headers' | 'text'>,
  { base, label }: { base: string; label: string },
): void {
  t.deepEqual(leadsAway(answer, base), [], label)
}

/** The page without the scripts that its own policy names by their hash: the engine's form that sends itself. */
export const withoutOwnScripts = ({ headers, text }: Pick<Answer, 'headers' | 'text'>): string =>
  text.replaceAll(/<script>([^]*?)<\/script>/g, (element, script: string) => {
    const hash = createHash('sha256').update(script).digest('base64')
    const policy = headers.get('content-security-policy') ?? ''
    return policy.includes(`'sha256-${hash}'`) ? '' : element
  })

/** Our one script, by an address of our own and with nothing in it. */
const ownScript = /^<script src="(\/[\w-]+)?\/assets\/passkey\.\w{8}\.js" defer><\/script>$/

/** No script but our own, no handler and no address that is one; nothing that a person wrote has become markup. */
export function isInert(t: ExecutionContext, html: string, label: string): void {
  for (const element of parse(html).querySelectorAll('*')) {
    const shown = `${label}: ${element.toString().slice(0, 200)}`
    if (ownScript.test(element.toString())) continue
    t.notRegex(element.rawTagName, /^(script|iframe|object|embed|base|template)$/i, shown)
    for (const [name, value] of Object.entries(element.attributes)) {
      t.notRegex(name, /^(on|style$|srcdoc$)/i, shown)
      if (addresses.includes(name)) t.notRegex(value.trim(), /^(javascript|vbscript|data):/i, shown)
    }
  }
}
