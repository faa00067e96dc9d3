import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Tracer,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace'
import type { Config } from '#config/load.ts'
import type { Span, Tracing } from '#lib/tracing.ts'

/** Traces by OpenTelemetry, sent by OTLP over HTTP. Loaded only if an endpoint is set. Patches nothing. */
export interface TracingParts {
  config: Config
  version: string
  /** Called when spans cannot be delivered, once until they can be again. */
  onError(error: unknown): void
}

const propagator = new W3CTraceContextPropagator()
const stopMs = 2000

export function createTracing({ config, version, onError }: TracingParts): Tracing {
  const report = onFirst(onError)
  const exporter = new OTLPTraceExporter({
    url: `${config.OTEL_EXPORTER_OTLP_ENDPOINT!.replace(/\/$/, '')}/v1/traces`,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {},
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': config.OTEL_SERVICE_NAME,
      'service.version': version,
    }),
    sampler: new ParentBasedSampler({
      root: new TraceIdRatioBasedSampler(config.OTEL_TRACES_SAMPLER_ARG),
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter: reporting(exporter, report) })],
  })
  const tracer = provider.getTracer('yumen', version)
  return {
    begin(name, caller) {
      const around = propagator.extract(ROOT_CONTEXT, caller, defaultTextMapGetter)
      return openSpan(tracer, around, { name, kind: SpanKind.SERVER })
    },
    async stop() {
      const { promise: late, reject } = Promise.withResolvers<never>()
      setTimeout(() => reject(new Error(`not delivered in ${stopMs} ms`)), stopMs).unref()
      await Promise.race([provider.shutdown(), late]).catch(report)
    },
  }
}

function openSpan(
  tracer: Tracer,
  around: Context,
  { name, ...options }: { name: string; kind: SpanKind; attributes?: Record<string, unknown> },
): Span {
  const span = tracer.startSpan(name, options as object, around)
  const context = trace.setSpan(around, span)
  return {
    traceId: span.spanContext().traceId,
    child: (childName, attributes) =>
      span.isRecording()
        ? openSpan(tracer, context, { name: childName, kind: SpanKind.CLIENT, attributes })
        : undefined,
    headers() {
      const carrier: Record<string, string> = {}
      propagator.inject(context, carrier, defaultTextMapSetter)
      return carrier
    },
    rename: (other) => void span.updateName(other),
    set: (attributes) => void span.setAttributes(attributes),
    fail(reason) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', reason)
    },
    end: () => span.end(),
  }
}

/** Calls `report` with the outcome of every export. */
const reporting = (
  exporter: SpanExporter,
  report: (error: Error | undefined) => void,
): SpanExporter => ({
  export(spans, done) {
    exporter.export(spans, (result) => {
      report(result.error)
      done(result)
    })
  },
  forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  shutdown: () => exporter.shutdown(),
})

/** Passes on the first error of a row of them. */
function onFirst(onError: (error: unknown) => void): (error: unknown) => void {
  let isFailing = false
  return (error) => {
    if (error !== undefined && !isFailing) onError(error)
    isFailing = error !== undefined
  }
}
