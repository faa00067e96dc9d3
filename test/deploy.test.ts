import { readFileSync } from 'node:fs'
import { parser } from '@prometheus-io/lezer-promql'
import test from 'ava'
import { parse } from 'yaml'
import { signedIn } from './flow/journeys.ts'
import { start } from './support/start.ts'

interface Rule {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; description: string }
}

const { groups } = parse(readFileSync('deploy/yumen.rules.yml', 'utf8')) as {
  groups: { rules: Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)

const dashboard = JSON.parse(readFileSync('deploy/grafana-dashboard.json', 'utf8')) as {
  templating: { list: { query: string }[] }
  panels: { targets: { expr: string }[] }[]
}
/** As Grafana sends them. `label_values` is a function of its own. */
const dashboardQueries = [
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(
    ({ query }) => /^label_values\((\w+), /.exec(query)?.[1] ?? [],
  ),
].map((query) => query.replaceAll('$__rate_interval', '5m'))

interface Query {
  text: string
  metrics: string[]
  labels: string[]
}

function parseQuery(text: string): Query {
  const query: Query = { text, metrics: [], labels: [] }
  parser.parse(text).iterate({
    enter({ name, type, from, to }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${text}`)
      if (name === 'Identifier') query.metrics.push(text.slice(from, to))
      if (name === 'LabelName') query.labels.push(text.slice(from, to))
    },
  })
  return query
}

/** The labels of every series at /metrics, by its name. */
async function exposed(issuer: string): Promise<Map<string, string[]>> {
  const text = await (await fetch(`${issuer}/metrics`)).text()
  const series = text.matchAll(/^(\w+)(?:\{(.*)\})? /gm)
  return new Map(
    [...series].map(([, name = '', labels = '']) => [
      name,
      [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label),
    ]),
  )
}

test('alerts and dashboard ask only for metrics and labels that /metrics exposes', async (t) => {
  const fixture = await start(t)
  await signedIn(fixture)
  const series = await exposed(fixture.issuer)
  const queries = [...rules.map(({ expr }) => expr), ...dashboardQueries].map(parseQuery)
  for (const { text, metrics, labels } of queries) {
    t.true(metrics.length > 0, text)
    const known = metrics.flatMap((name) => series.get(name) ?? t.fail(`no ${name}: ${text}`))
    // What Prometheus adds to every series that it scrapes.
    const unknown = labels.filter((label) => ![...known, 'job', 'instance'].includes(label))
    t.deepEqual(unknown, [], text)
  }
  const shown = new Set(queries.flatMap(({ metrics }) => metrics))
  const ours = [...series.keys()].filter((name) => name.startsWith('yumen_'))
  t.deepEqual(
    ours.filter((name) => !shown.has(name)),
    [],
    'every metric of ours is on the dashboard',
  )
})

test('every alert has its own name, a severity, and says what is wrong and what to do', (t) => {
  t.true(rules.length > 10)
  t.is(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  for (const { alert, labels, annotations } of rules) {
    t.regex(alert, /^Yumen[A-Z]\w+$/)
    t.true(['critical', 'warning'].includes(labels.severity), alert)
    for (const text of [annotations.summary, annotations.description]) t.regex(text, /\.$/, alert)
  }
})
