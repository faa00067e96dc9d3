import test from 'ava'
import { describeConfig, describeSettings } from '#config/describe.ts'
import { loadConfig } from '#config/load.ts'
import { settings } from '#config/settings.ts'
import en from '#views/locales/en.json' with { type: 'json' }

const secrets = {
  SECRET_KEY: 'q8Zr2LwX5vTn7BcY1KdM4HsJ9PfA6GeU',
  SECRET_KEY_PREVIOUS: 'w3Nx8MbV6cZq1LkJ5hGf2DsA9pOi7UyT',
  DATABASE_URL: 'postgres://yumen:db-password@db/yumen',
  REDIS_URL: 'redis://:redis-password@cache',
  ADMIN_PASSWORD: 'admin-password',
  SMTP_URL: 'smtp://user:smtp-password@mail',
}

test('every setting is printed with what is in force and what it is for', (t) => {
  const lines = describeConfig(loadConfig({ PORT: '8080' })).split('\n')
  t.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf('='))),
    Object.keys(settings),
  )
  t.true(lines.includes('PORT=8080  # port to listen on; 0 takes a free one'))
  t.true(lines.every((line) => / {2}# [a-z]/i.test(line) && !line.includes('undefined')))
})

test('a secret is masked whole, also the one that stands in an address', (t) => {
  const text = describeConfig(loadConfig(secrets))
  for (const [name, value] of Object.entries(secrets)) {
    t.true(text.includes(`${name}=********  #`), name)
    t.false(text.includes(value), name)
  }
  t.notRegex(text, /password@|-password/)
})

test('an unset secret is shown as unset', (t) => {
  const text = describeConfig(loadConfig({}))
  t.regex(text, /^SECRET_KEY= {2}#/m)
  t.regex(text, /^REDIS_URL= {2}#/m)
})

test('the console explains every setting in the same words, and the other language has them too', (t) => {
  const help = describeSettings(loadConfig({})).map((setting) => [setting.name, setting.help])
  t.deepEqual(en.settingHelp, Object.fromEntries(help))
})
