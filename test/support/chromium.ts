import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { chromium, type BrowserContext, type BrowserContextOptions } from 'playwright-core'

const chromiumPath = process.env['TEST_CHROMIUM']

/** Registers a test that needs Chromium; without it the test is skipped, and the title says so. */
export function inChromium(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (chromiumPath) test.serial(title, run)
  else test.skip(`${title} (needs Chromium: apt-get install chromium)`, () => {})
}

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * A real browser with an empty profile, closed at the end of the test. `fonts`: a folder of the only fonts that it finds,
 * instead of all that the machine has.
 */
export async function openChromium(
  t: ExecutionContext,
  { fonts, ...options }: BrowserContextOptions & { fonts?: string } = {},
): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'yumen-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    ...(fonts !== undefined && { env: await onlyFonts(profile, fonts) }),
    executablePath: chromiumPath!,
    headless: true,
    args: quiet,
  })
  context.setDefaultTimeout(10_000)
  t.teardown(async () => {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  })
  return context
}

async function onlyFonts(folder: string, fonts: string): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, 'fonts.conf')
  const cache = join(folder, 'fonts')
  await writeFile(file, `<fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir></fontconfig>`)
  return { ...process.env, FONTCONFIG_FILE: file }
}
