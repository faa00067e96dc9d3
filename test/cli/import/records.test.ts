import test from 'ava'
import { csvFields } from '../../../src/cli/import/csv.ts'
import { beginningOf, readRecords, type Format } from '../../../src/cli/import/records.ts'
import { temporaryFile } from './temporary-file.ts'

async function recordsOf(path: string, format: Format) {
  const records = []
  for await (const record of readRecords(path, { format, from: await beginningOf(path) }))
    records.push(record)
  return records
}

test('csvFields() reads a record of RFC 4180', (t) => {
  t.deepEqual(csvFields('a,b,c'), ['a', 'b', 'c'])
  t.deepEqual(csvFields(',,'), ['', '', ''])
  t.deepEqual(csvFields(''), [''])
  t.deepEqual(csvFields('"a,b","say ""hi""","two\r\nlines",""'), [
    'a,b',
    'say "hi"',
    'two\r\nlines',
    '',
  ])
  t.deepEqual(csvFields('""""'), ['"'])
  for (const wrong of ['"a', 'a"b', '"a"b,c', '"a" ,b', 'a,"b""', '"'])
    t.is(csvFields(wrong), undefined, wrong)
})

test('readRecords() ends a CSV record outside of quotes, and says the line and the place of each', async (t) => {
  const text = '\uFEFFa,b\r\n"1\n""2""\n",x\r\n\r\nsay "hi",y\n"ü",z'
  const path = await temporaryFile(t, 'a.csv', text)
  const records = await recordsOf(path, 'csv')
  t.deepEqual(
    records.map(({ text, line }) => [text, line]),
    [
      ['a,b', 1],
      ['"1\n""2""\n",x', 2],
      ['', 5],
      ['say "hi",y', 6],
      ['"ü",z', 7],
    ],
  )
  for (const [index, { end }] of records.entries()) {
    const rest = []
    for await (const record of readRecords(path, { format: 'csv', from: end }))
      rest.push(record.text)
    t.deepEqual(
      rest,
      records.slice(index + 1).map(({ text }) => text),
    )
  }
})

test('readRecords() cuts records that are longer than a piece of the file', async (t) => {
  const long = 'é'.repeat(100_000)
  const path = await temporaryFile(t, 'a.csv', `"${long}\n""",1\n"${long}",2\n`)
  t.deepEqual(
    (await recordsOf(path, 'csv')).map(({ text }) => csvFields(text!)),
    [
      [`${long}\n"`, '1'],
      [long, '2'],
    ],
  )
})

test('readRecords() tells lines that cannot be read and goes on', async (t) => {
  const path = await temporaryFile(
    t,
    'a.jsonl',
    Buffer.concat([
      Buffer.from(`{}\r\n${'x'.repeat(1024 * 1024 + 1)}\n`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('{"a":1}'),
    ]),
  )
  t.deepEqual(
    (await recordsOf(path, 'jsonl')).map(({ text, problem, line }) => [text, problem, line]),
    [
      ['{}', undefined, 1],
      [undefined, 'too_long', 2],
      [undefined, 'not_utf8', 3],
      ['{"a":1}', undefined, 4],
    ],
  )
})

test('readRecords() stops at a CSV record that does not end', async (t) => {
  const path = await temporaryFile(t, 'a.csv', `a\n"b\n${'c\n'.repeat(600_000)}`)
  await t.throwsAsync(recordsOf(path, 'csv'), { message: /^Line 2: .* Is a quote missing\?$/ })
})
