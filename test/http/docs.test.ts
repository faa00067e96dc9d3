import { Router } from '@koa/router'
import test, { type ExecutionContext } from 'ava'
import type { Middleware } from '#http/context.ts'
import { docsRoutes } from '#http/docs.ts'
import { inChromium, openChromium } from '../support/chromium.ts'
import { serve } from './serve.ts'

const document = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  paths: { '/things': { get: { summary: 'All the things.', responses: {} } } },
}

/** The routes under a prefix, as behind a proxy, with the policy that every other page has. */
function serveDocs(t: ExecutionContext): Promise<string> {
  const router = new Router().use(
    '/sso',
    docsRoutes({ document: () => document, basePath: '/sso' }).routes(),
  )
  return serve(
    t,
    (ctx, next) => {
      ctx.set('Content-Security-Policy', "default-src 'none'")
      return next()
    },
    router.routes() as unknown as Middleware,
  )
}

test('GET /openapi.json is the document, for pages of any origin, and is asked for again by its ETag', async (t) => {
  const origin = await serveDocs(t)
  const response = await fetch(`${origin}/sso/openapi.json`)
  t.deepEqual(await response.json(), document)
  t.is(response.headers.get('access-control-allow-origin'), '*')
  const etag = response.headers.get('etag') ?? ''
  const again = await fetch(`${origin}/sso/openapi.json`, {
    headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
  })
  t.is(again.status, 304)
})

test('GET /docs loads nothing from elsewhere and runs no inline script', async (t) => {
  const origin = await serveDocs(t)
  const response = await fetch(`${origin}/sso/docs`)
  const html = await response.text()
  const policy = response.headers.get('content-security-policy') ?? ''
  t.regex(policy, /script-src 'self';/)
  t.notRegex(policy, /https:|unsafe-eval/)
  t.notRegex(html, /<script>|https?:\/\//)
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address)
  t.is(addresses.length, 4)
  t.true(addresses.includes('data:,'))
  for (const address of addresses.filter((one) => one !== 'data:,')) {
    const file = await fetch(origin + address)
    t.is(file.status, 200, address)
    t.not(file.headers.get('content-security-policy'), policy)
    await file.body?.cancel()
  }
})

test('no other file of the package or the disk is served', async (t) => {
  const origin = await serveDocs(t)
  for (const name of [
    'index.html',
    'package.json',
    'swagger-ui-bundle.js.map',
    '..%2fpackage.json',
    '__proto__',
    'constructor',
  ])
    t.is((await fetch(`${origin}/sso/docs/${name}`)).status, 404, name)
})

inChromium('Swagger UI shows the document under our policy', async (t) => {
  const origin = await serveDocs(t)
  const context = await openChromium(t)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.goto(`${origin}/sso/docs`)
  await page.getByText('All the things.').waitFor()
  t.deepEqual(problems, [])
})
