/** Prometheus' text format, version 0.0.4. Pure. */

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
  /** `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function exposition(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, help, type, samples }) => [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(
      ({ labels = {}, value, suffix = '' }) => `${name}${suffix}${labelled(labels)} ${number(value)}`,
    ),
  ])
  return `${lines.join('\n')}\n`
}

function labelled(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const number = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'

/** How long things took, in seconds, counted into buckets. */
export interface Durations {
  add(labels: Readonly<Record<string, string>>, seconds: number): void
  samples(): readonly Sample[]
}

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20] as const

export function createDurations(): Durations {
  const series = new Map<
    string,
    { labels: Readonly<Record<string, string>>; counts: number[]; sum: number }
  >()
  return {
    add(labels, seconds) {
      const key = JSON.stringify(labels)
      const known = series.get(key) ?? { labels, counts: new Array(BOUNDS.length + 1).fill(0), sum: 0 }
      series.set(key, known)
      const place = BOUNDS.findIndex(bound => seconds <= bound)
      const bucket = place < 0 ? BOUNDS.length : place
      known.counts[bucket] = (known.counts[bucket] ?? 0) + 1
      known.sum += seconds
    },
    samples() {
      return [...series.values()].flatMap(({ labels, counts, sum }) => {
        let total = 0
        const buckets = counts.map((count, place): Sample => {
          total += count
          return {
            suffix: '_bucket',
            labels: { ...labels, le: String(BOUNDS[place] ?? '+Inf') },
            value: total,
          }
        })
        return [
          ...buckets,
          { suffix: '_sum', labels, value: sum },
          { suffix: '_count', labels, value: total },
        ]
      })
    },
  }
}
