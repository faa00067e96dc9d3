/**
 * Pictures for the dashboard, drawn by the server: where the rectangles of an SVG stand. The words beside them are HTML, so
 * that they keep their size on a phone. Every scale begins at zero.
 */
import type { Message } from './translate.ts'

/** Columns by the day, one stack a day. At most five series: `chartOf` puts the rest together. */
export type Chart = {
  heading: Message
  /** ISO days, oldest first. */
  days: string[]
  series: Series[]
}

export type Series = { label: Message; values: number[]; tone: Tone }

/** A colour: `views/assets/shell.css`. */
export type Tone = 'one' | 'two' | 'three' | 'four' | 'five'

/** Lengths side by side, the longest first. */
export type Ranking = {
  heading: Message
  text: Message
  unit: Message
  rows: { label: string; value: number; count: number }[]
}

/** Width and height of the coordinate system; the picture is stretched to its place. */
const width = 600
const height = 160

export type Drawing = {
  width: number
  height: number
  /** What the lines stand for, from above: the last one is zero. */
  ticks: number[]
  bars: { x: number; y: number; width: number; height: number; tone: Tone }[]
}

/** Where the columns of a chart stand. A value of zero has no bar. */
export function drawColumns({ days, series }: Chart): Drawing {
  const sums = days.map((_day, index) => sum(series.map(({ values }) => values[index] ?? 0)))
  const top = roundUp(Math.max(...sums, 0))
  const step = width / Math.max(1, days.length)
  const gap = Math.min(4, step / 4)
  const bars = days.flatMap((_day, index) => {
    let below = 0
    return series.flatMap(({ values, tone }) => {
      const length = ((values[index] ?? 0) / top) * height
      if (length === 0) return []
      below += length
      const place = { x: step * index + gap / 2, y: height - below }
      return [{ ...rounded({ ...place, width: step - gap, height: length }), tone }]
    })
  })
  return { width, height, ticks: [top, top / 2, 0], bars }
}

/** How long each bar of a ranking is, in percent of the longest. */
export function shares({ rows }: Ranking): number[] {
  const longest = Math.max(...rows.map(({ value }) => value), 0)
  return rows.map(({ value }) => (longest === 0 ? 0 : Math.round((value / longest) * 1000) / 10))
}

/** The next number that halves well: 2, 4, 10, 20, 40, 100… */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)))
  return (
    [1, 2, 4, 6, 8, 10].map((times) => times * power).find((one) => one >= value && one > 1) ?? 2
  )
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

const rounded = <T extends Record<string, number>>(numbers: T): T =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [name, Math.round(value * 10) / 10]),
  ) as T
