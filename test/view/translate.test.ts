import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import {
  chooseLocale,
  describe,
  flatten,
  isMessageKey,
  translate,
  translateHtml,
} from '#view/translate.ts'
import en from '#views/locales/en.json' with { type: 'json' }
import zhCN from '#views/locales/zh-CN.json' with { type: 'json' }

test('both languages have the same keys and the same placeholders', (t) => {
  const placeholders = (table: typeof en): Record<string, string[]> =>
    Object.fromEntries(
      [...flatten(table)].map(([key, text]) => [
        key,
        [...text.matchAll(/\{\w+\}/g)].map(String).sort(),
      ]),
    )
  t.deepEqual(Object.keys(placeholders(zhCN)), Object.keys(placeholders(en)))
  t.deepEqual(withoutBrand(placeholders(zhCN)), withoutBrand(placeholders(en)))
})

const withoutBrand = (table: Record<string, string[]>): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(table).map(([key, names]) => [key, names.filter((n) => n !== '{brand}')]),
  )

test('every key that a template names has a sentence', (t) => {
  const files = readdirSync('views', { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.eta'),
  )
  const keys = files.flatMap((file) =>
    [...readFileSync(`views/${file}`, 'utf8').matchAll(/'((?:[a-z]\w+)\.[a-zA-Z]\w*)'/g)].map(
      ([, key = '']) => key,
    ),
  )
  t.true(keys.length > 50)
  t.deepEqual(
    keys.filter((key) => !isMessageKey(key)),
    [],
  )
})

test('translate() fills placeholders', (t) => {
  t.is(translate('en', 'login.lead', { client: 'Acme Notes' }), 'to continue to Acme Notes')
  t.is(translate('zh-CN', 'login.lead', { client: 'Acme Notes' }), '登录后继续使用 Acme Notes')
})

test('translate() drops the space between Chinese words and a Chinese value', (t) => {
  t.is(translate('zh-CN', 'login.lead', { client: '石墨文档' }), '登录后继续使用石墨文档')
  t.is(translate('zh-CN', 'consent.heading', { client: '石墨 Docs' }), '石墨 Docs 想使用你的账号')
})

test('translate() throws for an unknown key and for a missing value', (t) => {
  t.throws(() => translate('en', JSON.parse('"login.nothing"')), {
    message: /no sentence login.nothing/,
  })
  t.throws(() => translate('en', 'login.lead'), { message: /no value for \{client\}/ })
})

test('a value is never read as a sentence', (t) => {
  t.is(translate('en', 'login.lead', { client: '{client} $& $1' }), 'to continue to {client} $& $1')
})

test('translateHtml() escapes the value and puts it in strong', (t) => {
  t.is(
    translateHtml('en', 'login.lead', { client: `<b>"A" & 'B'</b>` }),
    'to continue to <strong>&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;</strong>',
  )
})

test('describe() reads a key, a key with values and free text', (t) => {
  t.is(describe('en', 'errors.csrf'), 'This form is no longer valid. Go back and try again.')
  t.is(describe('en', { key: 'scopes.unknown', values: { scope: 'x' } }), 'Use “x”')
  t.is(describe('zh-CN', { text: 'as it is' }), 'as it is')
})

for (const [candidates, expected] of [
  [['zh'], 'zh-CN'],
  [['zh-Hans'], 'zh-CN'],
  [['zh-CN'], 'zh-CN'],
  [['zh-TW'], 'zh-CN'],
  [['zh-Hant-HK', 'en'], 'zh-CN'],
  [['ZH_cn'], 'zh-CN'],
  [['fr', 'zh;q=0.8', 'en;q=0.5'], 'zh-CN'],
  [['fr', 'en-GB', 'zh'], 'en'],
  [['en-US'], 'en'],
  [['fr', 'de'], 'en'],
  [['zhx', '', '*'], 'en'],
  [[], 'en'],
] as const) {
  test(`chooseLocale(${JSON.stringify(candidates)}) is ${expected}`, (t) => {
    t.is(chooseLocale(candidates), expected)
  })
}
