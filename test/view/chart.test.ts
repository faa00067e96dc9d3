import test from 'ava'
import { drawColumns, roundUp, shares, type Chart } from '#view/chart.ts'

const chart = (...values: number[][]): Chart => ({
  heading: { text: 'A' },
  days: values[0]!.map((_value, index) => `2026-11-${index + 10}`),
  series: values.map((one, index) => ({
    label: { text: 'a' },
    values: one,
    tone: (['one', 'two'] as const)[index]!,
  })),
})

test('zero is zero: the scale begins there, and what did not happen has no bar', (t) => {
  const { bars, ticks, height } = drawColumns(chart([0, 10, 0]))
  t.deepEqual(ticks, [10, 5, 0])
  t.is(bars.length, 1)
  t.like(bars[0], { y: 0, height })
  t.deepEqual(drawColumns(chart([0, 0])), { ...drawColumns(chart([0, 0])), bars: [] })
})

test('the series of a day stand on each other, and their sum fits', (t) => {
  const { bars, height, ticks } = drawColumns(chart([3], [1]))
  t.is(ticks[0], 4)
  t.like(bars[0], { tone: 'one', y: height / 4, height: (height * 3) / 4 })
  t.like(bars[1], { tone: 'two', y: 0, height: height / 4 })
})

test('a scale ends at a number that halves well and is not below the highest', (t) => {
  for (const [value, top] of [
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 4],
    [7, 8],
    [9, 10],
    [10, 10],
    [11, 20],
    [401, 600],
    [999, 1000],
  ] as const)
    t.is(roundUp(value), top, String(value))
})

test('a ranking is measured by its longest', (t) => {
  const rows = [8, 2, 0].map((value) => ({ label: 'a', value, count: 1 }))
  const words = { heading: { text: 'a' }, text: { text: 'a' }, unit: { text: 'ms' } }
  t.deepEqual(shares({ ...words, rows }), [100, 25, 0])
  t.deepEqual(shares({ ...words, rows: [] }), [])
})
