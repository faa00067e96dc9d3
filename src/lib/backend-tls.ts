import { isIP } from 'node:net'

/**
 * What the address of a backend says about TLS. Each vendor has words of its own, and some of them mean "encrypted, if the
 * server likes, with any certificate". Here there are two cases: no TLS, or TLS with the certificate and the host name
 * verified. An address that asks for something between is refused, and so is one whose words we do not know: a connection
 * must never be plain because a word was overlooked.
 */
export interface BackendTls {
  isOn: boolean
  /** Completes the sentence "DATABASE_URL …". */
  problem?: string
}

const on = ['require', 'required', 'verify-ca', 'verify-full', 'verify-identity', 'true', '1']
const off = ['disable', 'disabled', 'false', '0']

const looksLikeTls = /ssl|tls|secure/i

export function backendTls(url: string): BackendTls {
  const scheme = url.slice(0, url.indexOf(':'))
  const query = new URLSearchParams(url.split('?', 2)[1] ?? '')
  const named = [...query].filter(([name]) => looksLikeTls.test(name))
  const rules = schemes[scheme]
  if (!rules) return { isOn: false }
  const unknown = named.find(([name]) => !rules.words.includes(name) && !rules.files.includes(name))
  if (unknown) return { isOn: false, problem: `must not have the parameter "${unknown[0]}"` }

  const choices = named.filter(([name]) => rules.words.includes(name))
  const values = choices.map(([, value]) => value.toLowerCase().replaceAll('_', '-'))
  const odd = choices.find((_, index) => ![...on, ...off].includes(values[index]!))
  if (odd) {
    const problem = `must say "${odd[0]}=${rules.on}", or "${odd[0]}=${rules.off}" for a connection without TLS`
    return { isOn: false, problem }
  }
  const isOn = values.length > 0 ? values.every((value) => on.includes(value)) : rules.isOn(url)
  if (!isOn && values.some((value) => on.includes(value)))
    return { isOn, problem: 'must not both ask for TLS and do without it' }
  if (!isOn && named.some(([name]) => rules.files.includes(name)))
    return { isOn, problem: 'must ask for TLS, since it names a certificate' }
  if (isOn && rules === mysql && isIP(hostOf(url)))
    return {
      isOn,
      problem: 'must have a name for a host, which TLS can verify here, not an address',
    }
  return { isOn }
}

/** Whether to use TLS. Throws where the configuration would have refused the address; the message does not repeat it. */
export function usesTls(url: string): boolean {
  const { isOn, problem } = backendTls(url)
  if (problem !== undefined) throw new Error(`the URL of a backend ${problem}`)
  return isOn
}

const hostOf = (url: string): string =>
  URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''

interface Rules {
  /** Parameters that ask for TLS, and files of certificates. */
  words: readonly string[]
  files: readonly string[]
  /** What to say. */
  on: string
  off: string
  /** Without such a parameter. */
  isOn(url: string): boolean
}

const never = () => false
const always = () => true
const postgres: Rules = {
  words: ['sslmode', 'ssl'],
  files: ['sslrootcert', 'sslcert', 'sslkey'],
  on: 'verify-full',
  off: 'disable',
  isOn: never,
}
const mysql: Rules = {
  words: ['ssl', 'ssl-mode', 'sslmode'],
  files: [],
  on: 'true',
  off: 'false',
  isOn: never,
}
const none = { words: [], files: [], on: '', off: '' }
/** A password must not go out in the clear because an attacker on the network removed "STARTTLS". */
const hasPassword = (url: string): boolean => /^smtp:\/\/[^/?]*:[^/?]*@/.test(url)

const schemes: Readonly<Record<string, Rules>> = {
  postgres,
  postgresql: postgres,
  mysql,
  mariadb: mysql,
  redis: { ...none, isOn: never },
  rediss: { ...none, isOn: always },
  'redis-cluster': { ...none, isOn: never },
  'rediss-cluster': { ...none, isOn: always },
  smtp: { words: ['requireTLS'], files: [], on: 'true', off: 'false', isOn: hasPassword },
  smtps: { ...none, isOn: always },
}
