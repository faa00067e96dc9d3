/**
 * Runs inside a measured server (`node --import`), where alone its event loop and its heap can be seen, and answers the
 * parent process. The product has no route for this.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface Answers {
  /**
   * Milliseconds since the question before. The monitor is a timer of 2 ms and sees the time from one turn to the next,
   * so these 2 ms are in every figure.
   */
  delay: { mean: number; p99: number; max: number }
  /** Bytes after a full collection: what is held, not what waits to be collected. */
  held: { heap: number; external: number }
  /** Bytes as they are. */
  memory: { heap: number; heapTotal: number; external: number }
}
export type Question = keyof Answers

const delay = monitorEventLoopDelay({ resolution: 2 })
delay.enable()

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const answers: { [Name in Question]: () => Answers[Name] } = {
  delay() {
    const milliseconds = (value: number): number => value / 1e6
    const seen = {
      mean: milliseconds(delay.mean),
      p99: milliseconds(delay.percentile(99)),
      max: milliseconds(delay.max),
    }
    delay.reset()
    return seen
  },
  held() {
    collect()
    const { heapUsed: heap, external } = process.memoryUsage()
    return { heap, external }
  },
  memory() {
    const { heapUsed: heap, heapTotal, external } = process.memoryUsage()
    return { heap, heapTotal, external }
  },
}

process.on('message', (question: Question) => void process.send!(answers[question]()))
// The channel must not keep a server that has stopped.
process.channel?.unref()
