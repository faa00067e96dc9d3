import { BROWSER_MAP, OS_MAP, parse } from 'bowser'
import type { Message } from './translate.ts'

/**
 * What people call the device of a User-Agent: “Chrome on Windows”. The header is whatever its sender likes, and this goes
 * into mails too, so only names that the library knows are repeated, and the bare name of a program such as `curl`.
 */
export function deviceName(agent: string | null | undefined): Message {
  if (!agent) return 'devices.unknown'
  const parsed = parse(agent)
  const [browser, system] = [parsed.browser.name, parsed.os.name]
  const isBrowser = browser !== undefined && browsers.has(browser)
  if (isBrowser && system !== undefined && systems.has(system))
    return { key: 'devices.browserOn', values: { browser, system } }
  if (isBrowser) return { text: browser }
  const [, program] = /^([A-Za-z][\w-]{0,31})(?:\/|$)/.exec(agent) ?? []
  return program === undefined || program === 'Mozilla' ? 'devices.unknown' : { text: program }
}

const browsers = new Set(Object.values(BROWSER_MAP).filter((name) => name !== 'Generic'))
const systems = new Set(Object.values(OS_MAP))
